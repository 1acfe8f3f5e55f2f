// SPDX-License-Identifier: Apache-2.0
// The program's entry: hands the arguments to the command line floor.
#include "cli/cli.h"

int main(int argc, char **argv) { return sluice::cli::main(argc, argv); }
