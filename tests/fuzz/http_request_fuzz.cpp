// HTTP as the gateway does it, without its socket: Beast's parser with the gateway's limits, then Host, Origin, target
// and answer.
#include <arpa/inet.h>

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bridge/api.hpp"
#include "bridge/assets.hpp"
#include "server/journal/memory.hpp"
#include "tests/fuzz/check.hpp"

namespace chatbridge {

// Stands in for the page's files, which have no part in this.
const Asset* find_asset(std::string_view path) {
  static constexpr Representation forms[] = {
      {"br", "b", "\"e1\""}, {"gzip", "gz", "\"e2\""}, {identity, "<p>hi", "\"e3\""}};
  static constexpr Asset page{"/", "text/html; charset=utf-8", forms};
  return path == page.path ? &page : nullptr;
}

}  // namespace chatbridge

namespace {

using namespace chatbridge;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;

struct Server {
  MemoryJournal journal{1 << 16};
  Hub hub{journal, {}, [] {}};
  Guard guard{{"chat.example"}, {"https://friend.example"}, "box"};
  std::atomic<Readiness> readiness{Readiness::ready};
  Api api{hub, guard, readiness};
  Shard shard;

  // The answer, or what begins the stream that was asked for.
  std::pair<HttpResponse, bool> ask(const HttpRequest& request) {
    std::optional<Outcome> outcome;
    const auto under_way = api.handle(request, {shard, {}}, [&](Outcome o) {
      FUZZ_CHECK(!outcome);
      outcome = std::move(o);
    });
    shard.io().restart();
    shard.io().poll();
    FUZZ_CHECK(outcome);
    if (auto* events = std::get_if<Listen>(&*outcome)) return {std::move(events->head), true};
    return {std::get<HttpResponse>(*std::move(outcome)), false};
  }
};

std::string lower(std::string_view s) {
  std::string out(s);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// The name of `host[:port]` as a browser would look it up.
std::string name_of(std::string_view authority) {
  auto name = lower(authority);
  const auto digits = name.find_last_not_of("0123456789");
  if (digits != std::string::npos && name[digits] == ':') name.resize(digits);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

// A name of the public net that nobody configured: a stranger could have made it point here.
bool strangers(const std::string& name) {
  unsigned char address[16];
  if (inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1) return false;
  for (const std::string_view local : {".local", ".lan", ".internal", ".home.arpa"})
    if (name.ends_with(local)) return false;
  return name.find('.') != std::string::npos && name != "chat.example";
}

void guards(const Guard& guard, std::string_view host, std::string_view origin) {
  if (guard.host_allowed(host)) {
    FUZZ_CHECK(!host.empty() && !strangers(name_of(host)));
    // It goes into the page's Content-Security-Policy.
    FUZZ_CHECK(lower(host).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._:[]") == std::string::npos);
  }
  if (guard.origin_allowed(origin, host) && lower(origin) != "https://friend.example") {
    const auto scheme = origin.find("://");
    FUZZ_CHECK(scheme != std::string_view::npos);
    FUZZ_CHECK(name_of(origin.substr(scheme + 3)) == name_of(host));
  }
}

void finds_path(const HttpRequest& request) {
  const auto target = view(request.target()), path = path_of(request);
  FUZZ_CHECK(path.find('?') == std::string_view::npos);
  if (target.starts_with('/')) FUZZ_CHECK(path == target.substr(0, target.find('?')));
  if (target.starts_with("http://")) FUZZ_CHECK(path.starts_with('/'));
}

// All values of a header, as they came.
std::string all_of(const HttpRequest& request, http::field name) {
  std::string out;
  const auto fields = request.equal_range(name);
  for (auto field = fields.first; field != fields.second; ++field) out += std::string(field->value()) + ",";
  return lower(out);
}

// Nobody gets a coding that was not asked for, nor a 304 for something else than was named.
void negotiates(const HttpRequest& request, const HttpResponse& response) {
  const auto status = response.result_int();
  const auto coding = view(response[http::field::content_encoding]);
  const auto accepted = all_of(request, http::field::accept_encoding);
  if (status == 406) FUZZ_CHECK(accepted.find("q=0") != std::string::npos);
  if (!coding.empty())
    FUZZ_CHECK(accepted.find(coding) != std::string::npos || accepted.find('*') != std::string::npos);
  if (status != 304) return;
  const auto known = all_of(request, http::field::if_none_match);
  FUZZ_CHECK(known.find(view(response[http::field::etag])) != std::string::npos ||
             known.find('*') != std::string::npos);
}

void answers(const HttpRequest& request, const HttpResponse& response) {
  const auto status = response.result_int();
  constexpr unsigned possible[] = {200, 201, 204, 304, 400, 403, 404, 405, 406, 409, 413, 415, 421, 426, 429};
  FUZZ_CHECK(std::ranges::find(possible, status) != std::end(possible));
  if (status == 304) FUZZ_CHECK(response.count(http::field::content_length) == 0);
  if (view(response[http::field::content_type]) == "application/json" && !response.body().empty())
    FUZZ_CHECK(nlohmann::json::accept(response.body()));
  // What is written is one response, which reads back as the same: no header of the request's splits it.
  std::ostringstream wire;
  wire << response;
  const auto bytes = wire.str();
  http::response_parser<http::string_body> back;
  if (request.method() == http::verb::head || status == 304 || status == 204) back.skip(true);
  back.eager(true);
  error_code ec;
  const auto taken = back.put(boost::asio::buffer(bytes), ec);
  if (!ec && back.need_eof()) back.put_eof(ec);
  FUZZ_CHECK(!ec && back.is_done() && taken == bytes.size());
  FUZZ_CHECK(back.get().result_int() == status && back.get().body() == response.body());
  const auto count = [](const HttpResponse& r) { return std::distance(r.begin(), r.end()); };
  FUZZ_CHECK(count(back.get()) == count(response));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server server;
  std::string_view bytes = fuzz::view(data, size);
  guards(server.guard, bytes.substr(0, bytes.find('\n')), bytes.substr(std::min(bytes.find('\n'), size - 1) + 1));

  for (int n = 0; n < 4 && !bytes.empty(); ++n) {  // requests in turn, as on one connection
    http::request_parser<http::string_body> parser;
    parser.header_limit(16 * 1024);
    parser.body_limit(64 * 1024);
    parser.eager(true);
    error_code ec;
    bytes.remove_prefix(parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec));
    if (ec || !parser.is_done()) return 0;
    const HttpRequest request = parser.release();
    guards(server.guard, view(request[http::field::host]), view(request[http::field::origin]));
    finds_path(request);
    const auto [response, stream] = server.ask(request);
    answers(request, response);
    negotiates(request, response);
    const auto status = response.result_int();
    // What would change something, or goes on, is for pages of this server and listed ones alone.
    if (stream || status == 201) {
      FUZZ_CHECK(request.count(http::field::origin) <= 1);
      if (request.count(http::field::origin) == 1) {
        const auto origin = lower(view(request[http::field::origin]));
        FUZZ_CHECK(origin == "https://friend.example" ||
                   name_of(origin.substr(origin.find("://") + 3)) == name_of(view(request[http::field::host])));
      }
    }
    // Nothing but an error for a stranger's name, or for a stranger's page that would change something.
    if (request.count(http::field::host) > 0 && strangers(name_of(view(request[http::field::host]))))
      FUZZ_CHECK(status == 400 || status == 421);
    if (const auto refused = refuse(request, server.guard))
      FUZZ_CHECK(status == refused->result_int() && status >= 400);
  }
  return 0;
}
