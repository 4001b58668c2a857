#include "bridge/http_message.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

namespace http = boost::beast::http;

HttpRequest request(const std::string& target) { return HttpRequest(http::verb::get, target, 11); }

TEST_CASE("the path is the target without its query, also of the absolute form") {
  CHECK(path_of(request("/a/b?c=/d")) == "/a/b");
  CHECK(path_of(request("http://host/a?b")) == "/a");
  CHECK(path_of(request("http://host")) == "/");
}

TEST_CASE("query values are percent-decoded, the first of a name counts") {
  const auto q = Query::parse(request("/x?a=1&b=%c3%A4+%2B&a=2&empty=&flag&=odd&&c%3Dd=e"));
  REQUIRE(q.has_value());
  CHECK(q->string("a") == "1");
  CHECK(q->string("b") == "\xC3\xA4 +");
  CHECK(q->string("empty") == "");
  CHECK(q->string("flag") == "");
  CHECK(q->string("c=d") == "e");
  CHECK_FALSE(q->string("d"));
  CHECK(Query::parse(request("http://host/x?a=7"))->string("a") == "7");
  CHECK_FALSE(Query::parse(request("/x"))->string(""));
}

TEST_CASE("a % that begins nothing is refused wherever it stands") {
  for (const auto* target : {"/x?a=%", "/x?a=%4", "/x?a=%4g", "/x?%=1", "/x?ok=1&b=%zz", "/x?a=%4&b=4"}) {
    INFO(target);
    CHECK_FALSE(Query::parse(request(target)).has_value());
  }
  CHECK(percent_decoded("%00%41").value() == std::string("\0A", 2));
  CHECK(percent_decoded("a+b").value() == "a+b");
}

TEST_CASE("numbers are digits alone, too large ones the largest there is") {
  for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e3", "\xD9\xA1"}) {
    INFO(bad);
    CHECK_FALSE(whole_number(bad));
  }
  CHECK(whole_number("0") == 0);
  CHECK(whole_number("007") == 7);
  CHECK(whole_number("18446744073709551615") == UINT64_MAX);
  CHECK(whole_number("18446744073709551616") == UINT64_MAX);
  CHECK(whole_number("99999999999999999999999999") == UINT64_MAX);
  const auto q = Query::parse(request("/x?n=5&bad=y"));
  CHECK(q->number("n").value() == 5);
  CHECK(q->number("none").value() == std::nullopt);
  CHECK(q->number("bad").error().code == errc::bad_request);
}

TEST_CASE("dates are written as HTTP writes them") {
  using namespace std::chrono_literals;
  const std::chrono::sys_days day{std::chrono::year{1994} / 11 / 6};
  CHECK(http_date(day + 8h + 49min + 37s + 999ms) == "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 section 5.6.7
  CHECK(http_date(std::chrono::sys_days{std::chrono::year{2028} / 2 / 29} + 23h) == "Tue, 29 Feb 2028 23:00:00 GMT");
}

}  // namespace
}  // namespace chatbridge
