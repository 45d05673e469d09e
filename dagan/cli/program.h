// The program as a function: parses, runs the command, and turns every error into one line on
// standard error and an exit code (docs/formats.md).
#pragma once

namespace dagan {

int run_program(int argc, char** argv);

}  // namespace dagan
