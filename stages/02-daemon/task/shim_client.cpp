#include "shim_client.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_client.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::string size_query(TerminalSize size) {
  return "?h=" + std::to_string(size.rows) + "&w=" + std::to_string(size.columns);
}

}  // namespace

json ShimClient::ask(const std::string& method, const std::string& target,
                     const std::string& body) const {
  HttpClient client(folder_.socket());
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
                                 const json& body) const {
  return HttpClient(folder_.socket())
      .upgrade("POST", "/execs/" + exec_id + "?" + query, dump_json(body));
}

void ShimClient::start_exec(const std::string& exec_id, const json& body) const {
  ask("POST", "/execs/" + exec_id, dump_json(body));
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
