// SPDX-License-Identifier: Apache-2.0
// The main() that every unit-<folder> executable shares; doctest takes its options from argv.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
