#include "bridge/negotiation.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

namespace http = boost::beast::http;
using Fields = std::vector<std::string>;

constexpr Representation forms[] = {{"br", "b", "\"b\""}, {"gzip", "gz", "\"g\""}, {identity, "whole", "\"i\""}};

HttpRequest request(http::field name, const Fields& fields) {
  HttpRequest r(http::verb::get, "/", 11);
  for (const auto& field : fields) r.insert(name, field);
  return r;
}

// The coding that is chosen, "none" for nothing.
std::string chosen(const Fields& accept_encoding, std::span<const Representation> all = forms) {
  const auto* found = negotiate(request(http::field::accept_encoding, accept_encoding), all);
  return found == nullptr ? "none" : std::string(found->coding);
}

bool has(const Fields& if_none_match, std::string_view etag = "\"abc\"") {
  return has_already(request(http::field::if_none_match, if_none_match), etag);
}

TEST_CASE("what browsers and programs ask for gets the smallest they can read") {
  CHECK(chosen({"gzip, deflate, br, zstd"}) == "br");
  CHECK(chosen({"gzip, deflate"}) == "gzip");  // a browser over plain HTTP
  CHECK(chosen({"deflate, gzip, br, zstd"}) == "br");
  CHECK(chosen({"br;q=1.0, gzip;q=0.8, *;q=0.1"}) == "br");
  CHECK(chosen({"identity"}) == "identity");
  CHECK(chosen({"deflate"}) == "identity");
}

TEST_CASE("without the header, and with an empty one, a file comes as it is") {
  CHECK(chosen({}) == "identity");
  CHECK(chosen({""}) == "identity");
  CHECK(chosen({" , ,"}) == "identity");
}

TEST_CASE("the greatest weight wins, of equal ones the smallest file") {
  CHECK(chosen({"gzip;q=1, br;q=0.9"}) == "gzip");
  CHECK(chosen({"gzip;q=0.5, br;q=0.5"}) == "br");
  CHECK(chosen({"gzip;q=0.001"}) == "gzip");
  CHECK(chosen({"gzip;q=0.5, identity"}) == "identity");
  CHECK(chosen({"gzip;q=0.999, br;q=0.998, identity;q=0.997"}) == "gzip");
  CHECK(chosen({"identity;q=0.5, gzip;q=0.2"}) == "identity");
}

TEST_CASE("a weight of 0 rules a coding out") {
  CHECK(chosen({"br;q=0, gzip"}) == "gzip");
  CHECK(chosen({"gzip;q=0"}) == "identity");
  CHECK(chosen({"gzip;q=0.000, br;q=0."}) == "identity");
  CHECK(chosen({"*;q=0, gzip"}) == "gzip");
  CHECK(chosen({"identity;q=0, gzip;q=0.1"}) == "gzip");
  CHECK(chosen({"identity;q=0"}) == "none");
  CHECK(chosen({"*;q=0"}) == "none");
  CHECK(chosen({"identity;q=0, br"}, std::span(forms).subspan(2)) == "none");
}

TEST_CASE("a star stands for every coding that is not named") {
  CHECK(chosen({"*"}) == "br");
  CHECK(chosen({"*, br;q=0"}) == "gzip");
  CHECK(chosen({"*;q=0.5, gzip"}) == "gzip");
  CHECK(chosen({"gzip;q=0.2, *;q=0.1"}) == "gzip");
  CHECK(chosen({"*;q=0, identity;q=0.1"}) == "identity");
}

TEST_CASE("blanks, capitals, other names and several fields are one list") {
  CHECK(chosen({"GZip"}) == "gzip");
  CHECK(chosen({"x-gzip"}) == "gzip");
  CHECK(chosen({"gzip ; Q=0.5 ,\tbr\t;\tq=0.4"}) == "gzip");
  CHECK(chosen({"gzip;q=0.1", "br;q=0.2"}) == "br");
  CHECK(chosen({"gzip;q=0, gzip"}) == "identity");
}

TEST_CASE("an entry that is malformed counts as not there, the others count") {
  for (const std::string bad :
       {"br;q=1.001", "br;q=2", "br;q=-1", "br;q=", "br;q", "br;", "br;q=0.1234", "br;q=.5", "br;q=1e0", "br;q=0,5",
        "br;level=9", "br;q=1;q=1", "br;q = 1", "b r", "\"br\"", "br=1", ";q=1", "br;q=\xD9\xA1"}) {
    INFO(bad);
    CHECK(chosen({bad}) == "identity");
    CHECK(chosen({bad + ", gzip"}) == "gzip");
    CHECK(chosen({"gzip", bad}) == "gzip");
  }
}

TEST_CASE("a list as long as a header may be is gone through once") {
  std::string list;
  while (list.size() < 16 * 1024) list += "x;q=0.5,";
  CHECK(chosen({list + "gzip"}) == "gzip");
  CHECK(has({std::string(16 * 1024, ',') + "\"abc\""}));
}

TEST_CASE("If-None-Match has it: alone, among others, weak, in any of several fields, or as a star") {
  CHECK(has({"\"abc\""}));
  CHECK(has({"W/\"abc\""}));
  CHECK(has({"\"x\", \"abc\""}));
  CHECK(has({"\"x\" ,\tW/\"abc\" , \"y\""}));
  CHECK(has({"\"a,b\",\"abc\""}));
  CHECK(has({",\"abc\","}));
  CHECK(has({"\"x\"", "\"abc\""}));
  CHECK(has({"*"}));
  CHECK(has({" * "}));
}

TEST_CASE("If-None-Match has it not: others, none, and what is no entity tag") {
  CHECK_FALSE(has({}));
  CHECK_FALSE(has({""}));
  CHECK_FALSE(has({","}));
  for (const auto* other : {"\"ab\"", "\"abcd\"", "\"ABC\"", "\"\"", "abc", "w/\"abc\"", "W/abc", "\"abc", "abc\"",
                            "\"x\", *", "\"x\"; \"abc\"", "\"x \"abc\"\"", "W/ \"abc\"", "\"", "W/", "**"}) {
    INFO(other);
    CHECK_FALSE(has({other}));
  }
}

}  // namespace
}  // namespace chatbridge
