#pragma once
/// \file
/// The instructions that change no file but an image's settings: ENV, CMD, LABEL, … What RUN and COPY do is elsewhere.

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "05-layers-cache/dockerfile/instruction.hpp"
#include "05-layers-cache/dockerfile/substitution.hpp"

namespace slipway {

/// The variables that an image's config sets ("Env"). Holds a reference: the config must outlive it.
Variables environment_of(const nlohmann::json& config);

/// True for those that apply_setting() takes.
[[nodiscard]] bool is_setting(Keyword keyword);

/// Applies one instruction to an image's "config" object (Docker's field names). Its variables are put in: Env's
/// first, then `arguments`.
/// \param arguments  what ARG has set; may be empty
/// \throws ApiError 400: a value that is none, in Docker's words where it has some; the config is then as it was
void apply_setting(const Instruction& instruction, nlohmann::json& config,
                   const Variables& arguments = {});

/// `docker commit --change`, `docker import --change`: one instruction as text. Only those that Docker allows there (no
/// SHELL, no MAINTAINER). \throws ApiError 400
void apply_change(std::string_view text, nlohmann::json& config);

}  // namespace slipway
