// SPDX-License-Identifier: Apache-2.0
// The `sluice` command with the real world behind it; the only thing that main.cc knows.
#pragma once

namespace sluice::cli {

// Takes main()'s arguments and returns the process's exit code.
int main(int argc, const char *const *argv);

}  // namespace sluice::cli
