#include "client/editor.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <deque>
#include <stdexcept>

#include "core/command.hpp"

namespace chatbridge::connect {
namespace {

constexpr wchar_t redraw = 0x12, end_of_line = 0x05, end_of_input = 0x04;  // ^R, ^E, ^D
constexpr int rest_of_key_ms = 100;
constexpr int remembered = 500;  // lines

void append_utf8(std::string& out, wchar_t c) {
  const auto u = static_cast<char32_t>(c);
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((u >> shift) & 0x3F)); };
  if (u < 0x80) {
    out += static_cast<char>(u);
  } else if (u < 0x800) {
    out += static_cast<char>(0xC0 | (u >> 6));
    tail(0);
  } else if (u < 0x10000) {
    out += static_cast<char>(0xE0 | (u >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | (u >> 18));
    tail(12), tail(6), tail(0);
  }
}

// Takes one character from the front; false if its last bytes are still to come. Malformed: U+FFFD, a byte each.
bool take_utf8(std::string& bytes, wchar_t& c) {
  if (bytes.empty()) return false;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xC2 && first < 0xE0 ? 2
                           : (first & 0xF0) == 0xE0        ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  char32_t u = size == 1 ? first : size == 2 ? first & 0x1F : size == 3 ? first & 0x0F : first & 0x07;
  bool good = size > 0;
  for (std::size_t i = 1; i < size && good; ++i) {
    if (i == bytes.size()) return false;
    const auto next = static_cast<unsigned char>(bytes[i]);
    good = (next & 0xC0) == 0x80;
    u = u << 6 | (next & 0x3F);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  good = good && u >= smallest[size] && u <= 0x10FFFF && (u < 0xD800 || u > 0xDFFF);
  bytes.erase(0, good ? size : 1);
  c = good ? static_cast<wchar_t>(u) : L'\xFFFD';
  return true;
}

}  // namespace

struct Editor::Impl {
  explicit Impl(Events e);
  ~Impl();

  bool fill();  // reads what is there; false: the terminal is gone
  void step();  // libedit takes one key
  void run();   // all keys that are there
  void run(wchar_t key);
  bool typing() const;  // something stands in the line
  void finish();

  static Impl& of(EditLine* el) {
    void* self = nullptr;
    el_wget(el, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }
  static int next_char(EditLine* el, wchar_t* c);
  static wchar_t* prompt(EditLine* el);

  Events events;
  termios found{}, editing{};
  EditLine* el = nullptr;
  HistoryW* history = nullptr;
  std::string bytes;  // the beginning of a character
  std::deque<wchar_t> keys;
  std::string above;  // to be written where the line begins, before it is drawn again
  std::wstring shown = L"> ";
  bool over = false;
};

Editor::Impl::Impl(Events e) : events(std::move(e)) {
  std::setlocale(LC_CTYPE, "");
  // libedit writes in the locale's encoding; what is typed and said is UTF-8 anyway.
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
  ::tcgetattr(STDIN_FILENO, &found);
  el = el_init("chatbridge", stdin, stdout, stderr);
  history = history_winit();
  if (el == nullptr || history == nullptr) throw std::runtime_error("the terminal cannot be used");
  HistEventW event;
  history_w(history, &event, H_SETSIZE, remembered);
  history_w(history, &event, H_SETUNIQUE, 1);
  el_wset(el, EL_CLIENTDATA, this);
  el_wset(el, EL_GETCFN, &Impl::next_char);
  el_wset(el, EL_PROMPT, &Impl::prompt);
  el_wset(el, EL_EDITOR, L"emacs");
  el_wset(el, EL_HIST, history_w, history);
  el_wset(el, EL_SIGNAL, 0);
  el_wset(el, EL_BIND, L"^R", L"ed-redisplay", nullptr);
  // These wait for keys of their own, and take it for the end of input when none comes.
  for (const auto* key : {L"^V", L"\\ex", L"\\eX"}) el_wset(el, EL_BIND, key, L"ed-unassigned", nullptr);
  // Between two lines libedit puts the terminal back: what is pasted in that moment would be echoed into the text.
  el_wset(el, EL_SETTY, L"-x", L"-echo", L"-icanon", L"-icrnl", nullptr);
  el_wset(el, EL_UNBUFFERED, 1);
  ::tcgetattr(STDIN_FILENO, &editing);
}

Editor::Impl::~Impl() {
  finish();
  el_end(el);
  history_wend(history);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

bool Editor::Impl::fill() {
  char buffer[4096];
  const auto n = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) return false;
  bytes.append(buffer, static_cast<std::size_t>(n));
  wchar_t c;
  while (take_utf8(bytes, c)) keys.push_back(c);
  return true;
}

int Editor::Impl::next_char(EditLine* el, wchar_t* c) {
  auto& self = of(el);
  if (self.keys.empty()) {
    // In the middle of a key's sequence (ESC [ A): the rest is on its way, or it was ESC alone.
    pollfd fd{STDIN_FILENO, POLLIN, 0};
    if (::poll(&fd, 1, rest_of_key_ms) != 1 || !self.fill() || self.keys.empty()) return 0;
  }
  *c = self.keys.front();
  self.keys.pop_front();
  return 1;
}

// Called when the line is to be drawn and, after ^R, when it has been wiped away: where it began is the place for what
// came meanwhile.
wchar_t* Editor::Impl::prompt(EditLine* el) {
  auto& self = of(el);
  if (!self.above.empty()) {
    std::fwrite(self.above.data(), 1, self.above.size(), stdout);
    self.above.clear();
  }
  return self.shown.data();
}

bool Editor::Impl::typing() const {
  const auto* line = el_wline(el);
  return line->lastchar > line->buffer;
}

void Editor::Impl::step() {
  if (keys.front() == end_of_input && !typing()) {
    keys.clear();
    finish();
    return events.end();
  }
  int n = 0;
  const auto* text = el_wgets(el, &n);
  if (text == nullptr || n <= 0 || text[n - 1] != L'\n') return;
  std::string line;
  for (int i = 0; i + 1 < n; ++i) append_utf8(line, text[i]);
  HistEventW event;
  if (n > 1 && !command::may_hold_secret(line)) history_w(history, &event, H_ENTER, text);
  el_wset(el, EL_UNBUFFERED, 0);  // the next line
  el_wset(el, EL_UNBUFFERED, 1);
  events.line(std::move(line));
}

void Editor::Impl::run() {
  while (!keys.empty() && !over) step();
}

void Editor::Impl::run(wchar_t key) {
  keys.push_front(key);
  step();
}

void Editor::Impl::finish() {
  if (over) return;
  if (typing()) {
    run(end_of_line);
    std::fputc('\n', stdout);
  } else {
    shown.clear();
    run(redraw);
  }
  over = true;
  std::fflush(stdout);
}

Editor::Editor(Events events) : impl_(std::make_unique<Impl>(std::move(events))) {}
Editor::~Editor() = default;

void Editor::read() {
  if (impl_->over) return;
  if (impl_->fill()) return impl_->run();
  impl_->finish();
  impl_->events.end();
}

void Editor::show(std::string_view lines) {
  if (impl_->over) {
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    std::fflush(stdout);
    return;
  }
  impl_->above += lines;
  impl_->run(redraw);
}

void Editor::resized() {
  if (impl_->over) return;
  el_resize(impl_->el);
  impl_->run(redraw);
}

void Editor::continued() {
  if (impl_->over) return;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &impl_->editing);
  el_wset(impl_->el, EL_REFRESH);
}

}  // namespace chatbridge::connect
