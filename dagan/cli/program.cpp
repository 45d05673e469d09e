#include "dagan/cli/program.h"

#include <omp.h>

#include <csignal>
#include <iostream>
#include <new>

#include "core/check.h"
#include "core/memory.h"
#include "dagan/cli/help.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/train/stop.h"
#include "kernels/backend.h"

namespace dagan {
namespace {

int run(const std::vector<std::string>& words) {
  const Request request = parse_command_line(words);
  if (request.kind == Request::Kind::version) {
    std::cout << version_text() << "\n";
    return 0;
  }
  if (request.kind == Request::Kind::help) {
    (words.empty() ? std::cerr : std::cout) << help_text(request.command);
    return words.empty() ? int(Fault::usage) : 0;
  }
  const Arguments& arguments = request.arguments;
  backend_named(arguments.text("--device"));  // says at once if it is not there
  const std::int64_t threads = arguments.count("--threads");
  check(Fault::usage, threads <= 1024, "--threads ", threads, ": expected at most 1024");
  if (threads > 0) omp_set_num_threads(int(threads));
  return request.command->run(arguments);
}

int report(int code, std::string message) {
  for (char& letter : message) letter = letter == '\n' || letter == '\r' ? ' ' : letter;
  std::cerr << "dagan: " << message << "\n";
  return code;
}

}  // namespace

int run_program(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a write error, not a death without a word
  const std::vector<std::string> words(argv + (argc > 0), argv + argc);
  int code = 0;
  try {
    code = run(words);
    finish_standard_output();
  } catch (const Error& error) {
    code = report(int(error.fault()), error.what());
  } catch (const Interrupted& stop) {
    code = report(128 + stop.signal(), stop.what());
  } catch (const std::bad_alloc&) {
    code = report(int(Fault::device), text("out of memory; ", kMemoryHint));
  } catch (const std::exception& error) {
    code = report(int(Fault::bug), text("internal error: ", error.what(), "; please report it"));
  }
  std::cout.clear();
  return code;
}

}  // namespace dagan
