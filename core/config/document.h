// SPDX-License-Identifier: Apache-2.0
// The schema as documents for people. Each is a file of the source tree or of the package, made
// from the table by the generator; a test holds the committed ones against it.
#pragma once

#include <string>

namespace sluice::config {

// conf/sluice.yaml: every key with its default and a comment, valid as it is.
std::string sample_yaml();

// docs/config.md: the reference.
std::string reference_markdown();

// The body of the manual page sluice.yaml(5), as roff.
std::string manual_page();

}  // namespace sluice::config
