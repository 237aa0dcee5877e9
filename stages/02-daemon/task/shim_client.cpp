#include "shim_client.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/http_client.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::string size_query(TerminalSize size) {
  return "?h=" + std::to_string(size.rows) + "&w=" + std::to_string(size.columns);
}

}  // namespace

json ShimClient::ask(const std::string& method, const std::string& target, const std::string& body,
                     Trace* trace) const {
  HttpClient client(folder_.socket());
  client.trace = trace;
  const HttpResponse response = client.request(method, target, body);
  throw_if_error(response);
  return response.body.empty() ? json() : parse_json(response.body, "the shim's answer");
}

json ShimClient::state() const { return ask("GET", "/state"); }

RawStream ShimClient::attach(const std::string& query) const {
  return HttpClient(folder_.socket()).upgrade("POST", "/attach?" + query);
}

void ShimClient::resize(TerminalSize size) const { ask("POST", "/resize" + size_query(size)); }

RawStream ShimClient::start_exec(const std::string& exec_id, const std::string& query,
                                 const json& body, Trace& trace) const {
  const auto step = begin_exec(exec_id, trace);
  HttpClient client(folder_.socket());
  client.trace = &trace;
  return client.upgrade("POST", "/execs/" + exec_id + "?" + query, dump_json(body));
}

void ShimClient::start_exec(const std::string& exec_id, const json& body, Trace& trace) const {
  const auto step = begin_exec(exec_id, trace);
  ask("POST", "/execs/" + exec_id, dump_json(body), &trace);
}

Trace::Scope ShimClient::begin_exec(const std::string& exec_id, Trace& trace) const {
  const std::string target = "/execs/" + exec_id;
  return trace.begin("02", "exec", "POST", target, [&] {
    return curl_line(folder_.socket(), {.method = "POST",
                                        .target = target,
                                        .body = "@body.json",
                                        .content_type = "application/json"});
  });
}

RawStream ShimClient::watch_exec(const std::string& exec_id) const {
  return HttpClient(folder_.socket()).upgrade("POST", "/execs/" + exec_id + "/attach");
}

json ShimClient::exec_state(const std::string& exec_id) const {
  return ask("GET", "/execs/" + exec_id);
}

void ShimClient::resize_exec(const std::string& exec_id, TerminalSize size) const {
  ask("POST", "/execs/" + exec_id + "/resize" + size_query(size));
}

}  // namespace slipway
