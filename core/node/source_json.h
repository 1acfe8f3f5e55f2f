// SPDX-License-Identifier: Apache-2.0
// A pulled source as the control API shows it; its shape is in docs/openapi.json. For source files
// only, because of what it includes.
#pragma once

#include "base/json.h"
#include "stream/source_directory.h"

namespace sluice::node {

// added: through the API, not by the configuration.
base::Json source_json(const stream::SourceDirectory::Listed &source, bool added);

}  // namespace sluice::node
