#include "core/command.hpp"

#include "support/random.hpp"

namespace chatbridge::command {
namespace {

template <class C>
C as(std::string_view input) {
  const auto parsed = parse(input);
  INFO(input);
  REQUIRE(std::holds_alternative<C>(parsed));
  return std::get<C>(parsed);
}

TEST_CASE("what does not begin with a slash is said as it is") {
  for (const auto* input : {"hi", " hi ", " /nick ann", "a/b", "\t/quit", "x\n/nick y"}) {
    CHECK(as<Say>(input).text == input);
    CHECK_FALSE(as<Say>(input).action);
  }
}

TEST_CASE("two slashes say one") {
  CHECK(as<Say>("//x").text == "/x");
  CHECK(as<Say>("//").text == "/");
  CHECK(as<Say>("///x").text == "//x");
  CHECK(as<Say>("//nick ann").text == "/nick ann");
}

TEST_CASE("commands take the rest of their line, without the blanks around it") {
  CHECK(as<SetNick>("/nick ann").nick == "ann");
  CHECK(as<SetNick>("/nick \t ann \t").nick == "ann");
  CHECK(as<JoinRoom>("/join  den").room == "den");
  CHECK(as<Say>("/me waves  twice ").text == "waves  twice");
  CHECK(as<Say>("/me waves").action);
  as<ListRooms>("/rooms");
  as<Who>("/who ");
  as<Help>("/help me");
  as<Quit>("/quit");
  as<Quit>("/quit now");
}

TEST_CASE("a command without what it needs says how it is used") {
  for (const auto* input : {"/nick", "/nick  ", "/join", "/me", "/me \t"})
    CHECK_THAT(as<Refused>(input).why, Catch::StartsWith(std::string(input).substr(0, 3)));
}

TEST_CASE("history takes a number from 1 to 1000, 20 without one") {
  CHECK(as<History>("/history").count == 20);
  CHECK(as<History>("/history 1").count == 1);
  CHECK(as<History>("/history  1000 ").count == 1000);
  CHECK(as<History>("/history 99999").count == 1000);
  for (const auto* input : {"/history 0", "/history -1", "/history x", "/history 5x", "/history 1 2", "/history +5",
                            "/history 99999999999999999999999"})
    as<Refused>(input);
}

TEST_CASE("an unknown word is refused with a hint at the double slash") {
  for (const auto* input : {"/", "/x", "/nickname", "/NICK ann", "/usr/bin", "/ nick", "/?", "/\xC3\xA9"})
    CHECK_THAT(as<Refused>(input).why, Catch::Contains("//"));
}

TEST_CASE("a refusal never quotes what was typed") {
  for (const auto* input : {"/\x1B[31m", "/nick\x1B ann", "/history \x1B[31m", "/msg\x07"})
    CHECK_THAT(as<Refused>(input).why, !Catch::Contains("\x1B") && !Catch::Contains("\x07"));
}

TEST_CASE("what may hold a secret is never said") {
  for (const auto* input : {"/RESUME abc", "/resume:abc", "/login me pw", "  /resume abc", "\t/login",
                            " \t /resume\tabc", "/resume\r", "\r/resume x", "\v/resume x", "\f /login x",
                            "hi\n/resume abc", "hi\n  /login x\nho", "/me waves\n/resume abc", "/resume\nabc"}) {
    CHECK(may_hold_secret(input));
    as<Refused>(input);
  }
  // Blanks of every script and what has no width, before and behind; no letter or digit goes on with the word.
  for (const auto* input : {" /resume\xE3\x80\x80"
                            "abc",
                            "\xE3\x80\x80/resume abc", "\xE2\x80\x83/login x", "\xE2\x81\xA0/login x",
                            "\xEF\xBB\xBF\xC2\xA0\xE2\x80\x8B /LOGIN", "\xC2\x85/login x", " /login\xC2\xA0x",
                            "/login:x", " /resume=8f3a21"}) {
    CHECK(may_hold_secret(input));
    as<Refused>(input);
  }
  // Nor does a double slash say it.
  as<Refused>("//resume abc");
  as<Refused>("//login x");
  as<Refused>(
      "//resume\xE3\x80\x80"
      "abc");
}

TEST_CASE("what only resembles a secret is said") {
  for (const auto* input : {"resume abc", "see /resume", "x /login", "resume\n/x"}) {
    CHECK_FALSE(may_hold_secret(input));
    as<Say>(input);
  }
  CHECK_FALSE(may_hold_secret("/resumed"));
  CHECK_FALSE(may_hold_secret("/logins"));
  CHECK_FALSE(may_hold_secret("/login-page /resume_2"));
  CHECK_FALSE(may_hold_secret("/login\xC3\xA9"));
  CHECK_FALSE(may_hold_secret(""));
}

TEST_CASE("help names every command and fits on one line") {
  for (const auto* word : {"/nick", "/join", "/rooms", "/who", "/me", "/history", "/help", "/quit", "//"})
    CHECK_THAT(std::string(help), Catch::Contains(word));
  CHECK(help.find('\n') == std::string_view::npos);
}

TEST_CASE("any bytes parse to something, and never to an empty name or text of a command") {
  for (int run = 0; run < 5000; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    std::string input = random.one_in(2) ? "/" : "";
    for (auto n = random.between(1, 20); n > 0; --n)
      input += random.one_in(3) ? static_cast<char>(random.below(256)) : random.pick("/nickme resumlog\t\n\r ");
    const auto parsed = parse(input);
    if (const auto* nick = std::get_if<SetNick>(&parsed)) REQUIRE_FALSE(nick->nick.empty());
    if (const auto* say = std::get_if<Say>(&parsed)) REQUIRE_FALSE(say->text.empty());
    REQUIRE_FALSE((may_hold_secret(input) && !std::holds_alternative<Refused>(parsed)));
  }
}

TEST_CASE("/resume asks for a token, or is one given back") {
  CHECK(as<Resume>("/resume").token.empty());
  CHECK(as<Resume>("/resume  ").token.empty());
  CHECK(as<Resume>("/resume abc").token == "abc");
  CHECK(as<Resume>("/resume \t abc ").token == "abc");
}

}  // namespace
}  // namespace chatbridge::command
