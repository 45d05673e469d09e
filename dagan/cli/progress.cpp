#include "dagan/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>

namespace dagan {
namespace {

constexpr double kTerminalSeconds = 0.1, kPlainSeconds = 10;
constexpr const char* kEraseLine = "\r\x1b[K";

double steady_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

ProgressOptions progress_of_standard_error(bool quiet) {
  winsize size{};
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const bool known = terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {terminal, quiet, known ? size.ws_col : std::size_t(80), {}};
}

std::string step_text(const StepReport& report) {
  char line[160];
  int length = std::snprintf(
      line, sizeof line, "step %lld/%lld  D %.4g  G %.4g", static_cast<long long>(report.step),
      static_cast<long long>(report.steps), report.discriminator_loss, report.generator_loss);
  std::string out(line, std::size_t(length));
  if (report.images_per_second > 0) {
    length = std::snprintf(line, sizeof line, "  %.0f images/s", report.images_per_second);
    out.append(line, std::size_t(length));
  }
  if (report.seconds_left >= 0) {
    const auto left = static_cast<long long>(report.seconds_left + 0.5);
    length = left < 3600
                 ? std::snprintf(line, sizeof line, "  %lld:%02lld left", left / 60, left % 60)
                 : std::snprintf(line, sizeof line, "  %lld:%02lld:%02lld left", left / 3600,
                                 left / 60 % 60, left % 60);
    out.append(line, std::size_t(length));
  }
  return out;
}

Progress::Progress(std::ostream& out, ProgressOptions options)
    : out_(out), options_(std::move(options)) {
  if (!options_.clock) options_.clock = steady_seconds;
}

Progress::~Progress() {
  if (line_open_) out_ << "\n" << std::flush;
}

void Progress::print(std::string_view line) {
  out_ << (line_open_ ? kEraseLine : "") << line << "\n" << std::flush;
  line_open_ = false;
}

void Progress::message(std::string_view line) {
  if (!options_.quiet) print(line);
}

void Progress::warning(std::string_view line) { print("warning: " + std::string(line)); }

void Progress::step(const StepReport& report) {
  const double now = options_.clock();
  const bool last = report.step == report.steps;
  if (options_.quiet) return;
  if (!last && now - last_ < (options_.terminal ? kTerminalSeconds : kPlainSeconds)) return;
  last_ = now;
  if (!options_.terminal) return print(step_text(report));
  out_ << kEraseLine << step_text(report).substr(0, options_.width - 1) << std::flush;
  line_open_ = true;
  if (last) print(step_text(report).substr(0, options_.width - 1));
}

}  // namespace dagan
