#include "server/relay/http_sniffer.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace chatbridge {

std::ostream& operator<<(std::ostream& out, Sniffed s) {
  constexpr const char* names[] = {"unsure", "held", "endless", "request", "chat"};
  return out << names[static_cast<int>(s)];
}

namespace {

TEST_CASE("first bytes are told from HTTP as soon as they can be") {
  struct Row {
    std::string first;
    Sniffed as;
  };
  for (const auto& [first, as] :
       std::initializer_list<Row>{{"", Sniffed::unsure},
                                  {"G", Sniffed::unsure},
                                  {"GET", Sniffed::unsure},
                                  {"GET ", Sniffed::unsure},
                                  {"OPTION", Sniffed::unsure},
                                  {"PO", Sniffed::unsure},
                                  {"GET /", Sniffed::held},
                                  {"GET / HTTP/1.1", Sniffed::held},
                                  {"GET / HTTP/1.1\r", Sniffed::held},
                                  {"PROPFIND /x HTTP/1.1", Sniffed::held},
                                  {"ABC /", Sniffed::held},
                                  {"ABCDEFGHIJKLMNOP /", Sniffed::held},
                                  {"GET / HTTP/1.1\r\n", Sniffed::request},
                                  {"GET / HTTP/1.0\n", Sniffed::request},
                                  {"POST /api/rooms HTTP/1.1\r\nHost: x\r\n\r\n", Sniffed::request},
                                  {"BREW /pot HTTP/1.1\r\n", Sniffed::request},
                                  {"hi", Sniffed::chat},
                                  {"\n", Sniffed::chat},
                                  {"\r\n", Sniffed::chat},
                                  {" GET / HTTP/1.1\r\n", Sniffed::chat},
                                  {"get / http/1.1\r\n", Sniffed::chat},
                                  {"OK", Sniffed::chat},
                                  {"YES!", Sniffed::chat},
                                  {"GETS", Sniffed::chat},
                                  {"GET x", Sniffed::chat},
                                  {"GET\n", Sniffed::chat},
                                  {"GET  /", Sniffed::chat},
                                  {"AB /", Sniffed::chat},
                                  {"ABCDEFGHIJKLMNOPQ /", Sniffed::chat},
                                  {"GO /home", Sniffed::chat},
                                  {"WOW /s is a mood\n", Sniffed::chat},
                                  {"GET / off my lawn\n", Sniffed::chat},
                                  {"GET /\n", Sniffed::chat},
                                  {"GET / HTTP/1.1 \r\n", Sniffed::chat},
                                  {"\xFF\xFB\x01", Sniffed::chat},
                                  {std::string("\0GET /", 6), Sniffed::chat}}) {
    INFO(first);
    CHECK(sniff(first) == as);
  }
}

TEST_CASE("what looks like a request is held up to a bound, then a known method is no chat, another word is") {
  for (const auto& [start, as] : std::initializer_list<std::pair<std::string, Sniffed>>{
           {"GET /", Sniffed::endless}, {"POST /", Sniffed::endless}, {"WOW /", Sniffed::chat}}) {
    CHECK(sniff(start + std::string(sniff_max - start.size() - 1, 'x')) == Sniffed::held);
    CHECK(sniff(start + std::string(sniff_max - start.size(), 'x')) == as);
  }
  CHECK(begins_request("GET /x"));
  CHECK(begins_request("DELETE / HTTP/1.1"));
  CHECK_FALSE(begins_request("GET "));
  CHECK_FALSE(begins_request("WOW /x"));
}

TEST_CASE("once decided, more bytes do not make a request of chat") {
  const std::string whole = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto as = sniff(whole.substr(0, n));
    INFO(n);
    CHECK(as == (n < 5 ? Sniffed::unsure : n < 17 ? Sniffed::held : Sniffed::request));
  }
}

}  // namespace
}  // namespace chatbridge
