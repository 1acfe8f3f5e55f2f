// SPDX-License-Identifier: Apache-2.0
// Rules on single text values. Each says what is wrong, without quoting the value, or nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

std::optional<std::string> check_node_id(std::string_view text);
std::optional<std::string> check_absolute_path(std::string_view text);

// As a path, or nothing.
std::optional<std::string> check_key_path(std::string_view text);

// A literal address with a port. The same grammar as net::Address, which is a higher floor.
std::optional<std::string> check_listen_address(std::string_view text);

// An empty token is fine here: whether one is needed depends on the listeners.
std::optional<std::string> check_token(std::string_view text);

// As a listener's address, with a port that can be asked.
std::optional<std::string> check_resolver(std::string_view text);

// A prefix of addresses, a whole address, or a word for a kind of them. The same grammar as
// net::AddressFilter, which is a higher floor.
std::optional<std::string> check_address_rule(std::string_view text);

std::optional<std::string> check_cors_origin(std::string_view text);

// "<server>/<camera>", each part from the characters that a URL's path carries as they are.
std::optional<std::string> check_stream_name(std::string_view text);

// For an address that check_listen_address accepts.
bool is_loopback_address(std::string_view text);
bool has_port_zero(std::string_view text);

}  // namespace sluice::config
