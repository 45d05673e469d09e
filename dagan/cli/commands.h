// The commands' entry points, one file each. They write data to standard output and everything else
// to standard error, return the exit code, and throw Error.
#pragma once

namespace dagan {

class Arguments;

int run_train(const Arguments&);
int run_eval(const Arguments&);
int run_detect(const Arguments&);
int run_synth(const Arguments&);
int run_info(const Arguments&);
int run_doctor(const Arguments&);
int run_man(const Arguments&);
int run_bench(const Arguments&);  // bench/command.cpp: in a build with the benchmarks

}  // namespace dagan
