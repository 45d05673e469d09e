#include "dagan/cli/program.h"

int main(int argc, char** argv) { return dagan::run_program(argc, argv); }
