# SPDX-License-Identifier: Apache-2.0
"""The scenario ring's own peers: RTMP publishers, FLV viewers, raw HTTP and WebSocket clients, and the node itself.

Standard library only. Scenarios import from here; nothing here knows a scenario.
"""
