// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <algorithm>

#include "config/check.h"
#include "config/source_url.h"

// The path and the member cannot drift apart: both come from one spelling.
#define SLUICE_KEY(member) .path = #member, .slot = [](Config &c) -> Slot { return &c.member; }
#define SLUICE_OVERRIDE(member) \
  .path = "streams.*." #member, \
  .override_slot = [](StreamOverrides &s) -> Slot { return &s.member; }

namespace sluice::config {
namespace {

constexpr std::uint64_t seconds(std::uint64_t n) { return n * 1000; }
constexpr std::uint64_t minutes(std::uint64_t n) { return seconds(n * 60); }
constexpr std::uint64_t hours(std::uint64_t n) { return minutes(n * 60); }

constexpr Field kFields[] = {
    {.path = "node", .help = "The node itself. Changes wait for a restart."},
    {SLUICE_KEY(node.id), .check = check_node_id,
     .help = "The node's name in logs and listings. Empty: the host's name."},
    {SLUICE_KEY(node.state_dir), .check = check_absolute_path,
     .help = "The folder for what must outlive a restart."},
    {SLUICE_KEY(node.workers), .min = 1, .max = 256, .zero = "auto",
     .help = "Worker threads, each with its own event loop. `auto` is one per processor."},
    {SLUICE_KEY(node.drain_timeout), .max = hours(1),
     .help = "On SIGTERM, sessions may finish for this long before they are closed."},
    {SLUICE_KEY(node.resolvers), .check = check_resolver,
     .help = "The name servers that names are asked of, as addresses with a port: `10.0.0.53:53`. "
             "Empty: those of `/etc/resolv.conf`, which is read again when it has changed. "
             "`/etc/hosts` comes first in any case."},

    {.path = "log", .help = "What is written to standard error."},
    {SLUICE_KEY(log.level), .flags = kLive, .help = "The least severe level that is written."},
    {SLUICE_KEY(log.format), .flags = kLive,
     .help = "`text` is one readable line per event, `json` one object per line."},

    {.path = "listen",
     .help =
         "Addresses with a port to listen on, as numbers: `127.0.0.1:8080`, `[::1]:8080`, or "
         "`[::]:8080` for every address of both families. Port 0 takes a free one; an empty list "
         "listens nowhere. Changes wait for a restart."},
    {SLUICE_KEY(listen.http), .check = check_listen_address,
     .help = "Where players come: FLV, fMP4, MPEG-TS, HLS."},
    {SLUICE_KEY(listen.https), .check = check_listen_address,
     .help = "The same over TLS: HTTPS-FLV and WSS-FLV. Needs `tls.certificates`."},
    {SLUICE_KEY(listen.rtmp), .check = check_listen_address,
     .help = "Where encoders publish by RTMP."},
    {SLUICE_KEY(listen.rtmps), .check = check_listen_address,
     .help = "The same over TLS. Needs `tls.certificates`."},
    {SLUICE_KEY(listen.rtsp), .check = check_listen_address,
     .help = "Where encoders publish by RTSP (ANNOUNCE and RECORD)."},
    {SLUICE_KEY(listen.rtsps), .check = check_listen_address,
     .help = "The same over TLS. Needs `tls.certificates`."},
    {SLUICE_KEY(listen.admin), .check = check_listen_address,
     .help =
         "Where the admin API, health and metrics are served. Any address beyond loopback needs "
         "`admin.token`."},

    {.path = "tls",
     .help = "Certificates of the listeners that speak TLS. The files are read at the start and at "
             "every reload; connections keep the certificate that they began with."},
    {SLUICE_KEY(tls.certificates), .check = check_absolute_path, .flags = kLive,
     .help =
         "Files with a certificate in PEM and, behind it, those that lead to an authority. A "
         "client is shown the one that has the host name it asks for, by a kind of key that it "
         "knows: a name may have an RSA and an ECDSA one. The first is for clients that name no "
         "host, or one that no certificate has."},
    {SLUICE_KEY(tls.keys), .check = check_key_path, .flags = kLive,
     .help =
         "Files with the private keys, in the order of the certificates. `\"\"`, or a list that "
         "is shorter, means that the key stands in the certificate's own file. Without a pass "
         "phrase, and readable to the node's user only."},
    {SLUICE_KEY(tls.min_version), .flags = kLive,
     .help = "The oldest version of TLS that is spoken."},
    {SLUICE_KEY(tls.kernel), .flags = kLive,
     .help = "`auto` lets the kernel encrypt what is sent, where it has TLS (the module `tls` is "
             "loaded) and knows the cipher; `off` never does."},

    {.path = "admin", .help = "Access to the admin API. Changes wait for a restart."},
    {SLUICE_KEY(admin.token), .check = check_token, .flags = kSecret,
     .help = "The bearer token that the admin API asks for, at least 16 characters. Empty: none is "
             "asked for, and `listen.admin` must be loopback only."},

    {.path = "rtmp", .help = "Limits of RTMP publishers."},
    {SLUICE_KEY(rtmp.handshake_timeout), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "A connection must finish the handshake within this time."},
    {SLUICE_KEY(rtmp.publish_timeout), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "From the handshake to an accepted publish."},
    {SLUICE_KEY(rtmp.stall_timeout), .min = 100, .max = hours(1), .flags = kLive,
     .help = "A publisher that sends no media for this long is closed."},
    {SLUICE_KEY(rtmp.chunk_size_out), .min = 128, .max = 64 * kKiB,
     .help = "The size of the chunks that the node sends."},
    {SLUICE_KEY(rtmp.max_chunk_size), .min = 128, .max = 16 * kMiB,
     .help = "The largest chunk size that a publisher may ask for."},
    {SLUICE_KEY(rtmp.max_chunk_streams), .min = 4, .max = 1'024, .flags = kLive,
     .help = "How many chunk streams one connection may use."},
    {SLUICE_KEY(rtmp.max_message_size), .min = 4 * kKiB, .max = 16 * kMiB, .flags = kLive,
     .help = "The largest message, which is the largest frame."},
    {SLUICE_KEY(rtmp.max_message_size_before_publish), .min = kKiB, .max = 16 * kMiB,
     .flags = kLive, .help = "The largest message of a connection that does not publish yet."},
    {SLUICE_KEY(rtmp.window_ack_size), .min = 4 * kKiB, .max = kGiB, .flags = kLive,
     .help = "How many bytes a publisher may send before it wants an acknowledgement."},
    {SLUICE_KEY(rtmp.max_connections), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "RTMP connections of the whole node."},
    {SLUICE_KEY(rtmp.max_connections_per_address), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "RTMP connections from one IP address."},

    {.path = "rtsp", .help = "Limits of RTSP publishers."},
    {SLUICE_KEY(rtsp.publish_timeout), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "From the connection to an accepted RECORD."},
    {SLUICE_KEY(rtsp.stall_timeout), .min = 100, .max = hours(1), .flags = kLive,
     .help = "A publisher that sends no media for this long is closed, whatever else it says."},
    {SLUICE_KEY(rtsp.max_sdp_size), .min = kKiB, .max = 256 * kKiB, .flags = kLive,
     .help = "The longest description that a publisher may announce."},
    {SLUICE_KEY(rtsp.udp), .flags = kLive,
     .help = "Whether media may come over UDP. Publishers that ask for it first are told to take "
             "TCP otherwise."},
    {SLUICE_KEY(rtsp.udp_port_min), .min = 1'024, .max = 65'535, .zero = "any", .flags = kLive,
     .help = "The lowest UDP port that media comes in on, for firewalls. Each track takes an even "
             "port and the next one."},
    {SLUICE_KEY(rtsp.udp_port_max), .min = 1'024, .max = 65'535, .zero = "any", .flags = kLive,
     .help = "The highest UDP port that media comes in on."},
    {SLUICE_KEY(rtsp.max_connections), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "RTSP connections of the whole node."},
    {SLUICE_KEY(rtsp.max_connections_per_address), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "RTSP connections from one IP address."},

    {.path = "http", .help = "Limits of HTTP and WebSocket clients."},
    {SLUICE_KEY(http.header_timeout), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "A request must be complete within this time, counted from its first byte."},
    {SLUICE_KEY(http.idle_timeout), .min = 100, .max = hours(1), .flags = kLive,
     .help = "How long a connection is kept open between two requests."},
    {SLUICE_KEY(http.max_header_bytes), .min = kKiB, .max = kMiB, .flags = kLive,
     .help = "All header lines of one request together."},
    {SLUICE_KEY(http.max_headers), .min = 8, .max = 1'000, .flags = kLive,
     .help = "Header lines of one request."},
    {SLUICE_KEY(http.max_connections), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "HTTP connections of the whole node, viewers included."},
    {SLUICE_KEY(http.max_connections_per_address), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "HTTP connections from one IP address."},
    {SLUICE_KEY(http.send_timeout), .min = 100, .max = hours(1), .flags = kLive,
     .help = "A client that takes no byte of an ordinary answer for this long is closed."},
    {SLUICE_KEY(http.cors_origin), .check = check_cors_origin, .flags = kLive,
     .help = "The web origin whose pages may play: `*` for all, or one such as "
             "`https://www.example.com`."},
    {SLUICE_KEY(http.http2), .flags = kLive,
     .help = "Whether HTTP/2 is spoken on `listen.https` with clients that ask for it. Without TLS "
             "it never is. Streams that do not end (FLV, fMP4, MPEG-TS) are sent over HTTP/1.1 in "
             "any case."},

    {.path = "stream", .help = "What holds for every stream."},
    {SLUICE_KEY(stream.publish), .flags = kLive,
     .help = "What a second publisher of a live name does: `refuse` turns it away, `same-address` "
             "lets it take over when it comes from the first one's IP address, `always` lets it "
             "take over."},
    {SLUICE_KEY(stream.viewer_grace), .max = hours(1), .flags = kLive,
     .help = "Viewers stay connected for this long when the publisher is gone, and go on when it "
             "returns."},
    {SLUICE_KEY(stream.unknown_wait), .max = minutes(1), .flags = kLive,
     .help = "A viewer of an unknown stream waits this long for it, and is then answered 404."},
    {SLUICE_KEY(stream.track_wait), .max = seconds(30), .flags = kLive,
     .help = "The first viewers wait this long for a second track to be announced."},
    {SLUICE_KEY(stream.gop_max_bytes), .min = 64 * kKiB, .max = kGiB, .flags = kLive,
     .help = "The largest group of pictures that is kept for new viewers, in bytes."},
    {SLUICE_KEY(stream.gop_max_duration), .min = seconds(1), .max = hours(1), .flags = kLive,
     .help = "The longest group of pictures that is kept for new viewers."},
    {SLUICE_KEY(stream.tape_window), .min = kMiB, .max = 4 * kGiB, .flags = kLive,
     .help = "How much of a stream is held in memory for viewers that lag, per container format."},
    {SLUICE_KEY(stream.tape_grace), .max = hours(1), .flags = kLive,
     .help = "How long a stream stays muxed after its last viewer has left."},
    {SLUICE_KEY(stream.max_streams), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "Streams of the whole node."},
    {SLUICE_KEY(stream.max_name_length), .min = 3, .max = 1'024, .flags = kLive,
     .help = "The longest `server/camera`, in characters."},
    {SLUICE_KEY(stream.h265_in_flv), .flags = kLive,
     .help = "How H.265 is written into FLV: `enhanced` as the enhanced RTMP standard says, "
             "`legacy` as codec id 12 for players that know only that."},

    {.path = "sound", .help = "What viewers hear. Changes hold for streams that begin after them."},
    {SLUICE_KEY(sound.transcode), .flags = kLive,
     .help = "Whether sound is transcoded to AAC for the formats whose players do not take it as "
             "it is, such as the G.711 of cameras in fragmented MP4, MPEG-TS and HLS: `needed` "
             "does it once per stream, while such a format is read; `never` leaves the sound out."},
    {SLUICE_KEY(sound.in_flv), .flags = kLive,
     .help = "The sound of FLV: `carried` is all that the container has a place for, G.711 too, "
             "which FFmpeg and VLC play; `aac` makes AAC of what players in browsers do not take, "
             "which is everything but AAC and MP3."},
    {SLUICE_KEY(sound.bit_rate), .min = 16'000, .max = 320'000, .zero = "auto", .flags = kLive,
     .help = "Bits a second of the AAC that is made. `auto` is 48000 for the sound of a telephone, "
             "64000 for one channel and 128000 for two."},
    {SLUICE_KEY(sound.silent_track), .flags = kLive,
     .help = "Whether streams without sound get a silent AAC track, for players that wait for "
             "one."},

    {.path = "source",
     .help = "How streams are pulled from cameras. An entry of `streams` names a stream's `source` "
             "and may set most of this for itself."},
    {SLUICE_KEY(source.transport), .flags = kLive,
     .help = "How media comes: `auto` takes TCP, or UDP where the camera has no TCP, and remembers "
             "what worked; `tcp` is interleaved with RTSP, `http` is that within HTTP."},
    {SLUICE_KEY(source.on_demand), .flags = kLive,
     .help = "Pull only while somebody watches, instead of always."},
    {SLUICE_KEY(source.stop_after), .max = hours(24), .flags = kLive,
     .help = "An on-demand source stops this long after its last viewer has left."},
    {SLUICE_KEY(source.start_timeout), .min = 100, .max = minutes(5), .flags = kLive,
     .help = "A viewer waits this long for the picture while the camera is being connected to, and "
             "is then answered 503."},
    {SLUICE_KEY(source.keep_viewers), .max = hours(24), .flags = kLive,
     .help = "Viewers stay connected for this long when the camera is gone, and go on when it "
             "returns. For sources this stands in place of `stream.viewer_grace`."},
    {SLUICE_KEY(source.damaged), .flags = kLive,
     .help =
         "What becomes of pictures of which packets were lost: `drop` leaves them out up to the "
         "next key frame, `pass` gives them to viewers as they are."},
    {SLUICE_KEY(source.verify_tls), .flags = kLive,
     .help = "Whether a camera on `rtsps` must show a certificate that is trusted and names its "
             "host. Cameras' own certificates are mostly self-signed."},
    {SLUICE_KEY(source.connect_timeout), .min = 100, .max = minutes(5), .flags = kLive,
     .help = "From the start of an attempt to its first media."},
    {SLUICE_KEY(source.media_timeout), .min = 500, .max = minutes(10), .flags = kLive,
     .help = "A camera that sends no media for this long is connected to anew, whatever else it "
             "still answers."},
    {SLUICE_KEY(source.retry_min), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "The pause after a first failure. It doubles with each further one; every pause is "
             "shortened by up to a quarter at random, so that cameras do not come back in step."},
    {SLUICE_KEY(source.retry_max), .min = 100, .max = hours(24), .flags = kLive,
     .help =
         "The longest pause, which is also the one after what trying again cannot mend: a wrong "
         "password or path."},
    {SLUICE_KEY(source.max_connecting_per_site), .min = 1, .max = 1'000, .flags = kLive,
     .help = "How many attempts may be under way at once to one host, such as a recorder with many "
             "channels; further ones queue."},
    {SLUICE_KEY(source.allow), .check = check_address_rule, .flags = kLive,
     .help = "The addresses that cameras may have: prefixes such as `10.0.0.0/8` and `fd00::/8`, "
             "and the words `any`, `public`, `private`, `link-local` and `loopback`. It is the "
             "address that is connected to that counts, whatever name leads there; an empty list "
             "allows none."},

    {.path = "deliver", .help = "How viewers are served."},
    {SLUICE_KEY(deliver.flush_interval_min), .max = seconds(5), .flags = kLive,
     .help = "Viewers are written to no more often than this. 0s is once per video frame."},
    {SLUICE_KEY(deliver.flush_interval_max), .min = 10, .max = seconds(10), .flags = kLive,
     .help = "A busy node writes more at once and less often, but at least this often."},
    {SLUICE_KEY(deliver.unsent_max), .min = 4 * kKiB, .max = 64 * kMiB, .flags = kLive,
     .help = "What may wait in the kernel for one viewer. Less means a lower delay for those that "
             "cannot keep up."},
    {SLUICE_KEY(deliver.skip_after), .min = 100, .max = minutes(10), .flags = kLive,
     .help = "A viewer that lags by more than this skips to a newer key frame."},
    {SLUICE_KEY(deliver.close_after), .min = 100, .max = hours(1), .flags = kLive,
     .help = "A viewer that takes nothing for this long is closed."},
    {SLUICE_KEY(deliver.pause_max), .min = seconds(1), .max = hours(24), .flags = kLive,
     .help = "A viewer of WS-fMP4 that pauses for longer than this is closed."},
    {SLUICE_KEY(deliver.max_viewers), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "Viewers of the whole node."},
    {SLUICE_KEY(deliver.max_viewers_per_stream), .min = 1, .max = 1'000'000, .flags = kLive,
     .help = "Viewers of one stream."},

    {.path = "hls",
     .help = "How streams are cut for HLS. Changes hold for what is cut from then on."},
    {SLUICE_KEY(hls.segment), .min = 500, .max = minutes(1), .flags = kLive,
     .help = "A segment ends at the first key frame after this long, so it is never shorter; "
             "encoders do best with a key frame as often."},
    {SLUICE_KEY(hls.segment_max), .min = seconds(1), .max = minutes(5), .flags = kLive,
     .help = "Without a key frame for this long a segment ends anyway."},
    {SLUICE_KEY(hls.part), .min = 100, .max = seconds(5), .flags = kLive,
     .help = "The longest part of a segment, for players with low latency. They stay three of them "
             "behind the camera."},
    {SLUICE_KEY(hls.window), .min = 3, .max = 1'000, .flags = kLive,
     .help = "How many complete segments a playlist lists. Their bytes are kept in memory while "
             "somebody watches."},
    {SLUICE_KEY(hls.session_timeout), .min = seconds(1), .max = hours(1), .flags = kLive,
     .help = "A viewer that asks for nothing for this long is gone, and so is what was cut for "
             "the last one. A viewer that an operator has ended is refused for as long."},
    {SLUICE_KEY(hls.low_latency), .flags = kLive,
     .help = "Whether playlists with fragmented MP4 list parts and hold requests for what is next "
             "(LL-HLS). Players that do not know of it play as before."},
    {SLUICE_KEY(hls.session), .flags = kLive,
     .help = "How a viewer is known over its requests: `path` leads it to a directory of its own, "
             "`cookie` gives it a cookie, where all viewers must have the same URLs. A viewer that "
             "keeps no cookies is then served as one without a session."},

    {.path = "snapshot", .help = "Single pictures of streams, `/<server>/<camera>.jpg`."},
    {SLUICE_KEY(snapshot.max_age), .max = minutes(1), .flags = kLive,
     .help = "A picture that is no older is given to whoever asks, instead of making another one. "
             "The stream's newest key frame may be older by itself."},
    {SLUICE_KEY(snapshot.max_width), .min = 16, .max = 8'192, .flags = kLive,
     .help = "Pictures are scaled down to this width when they, or what is asked for, are wider."},

    {.path = "watchdog",
     .help = "What happens when an event loop stalls. Changes wait for a restart."},
    {SLUICE_KEY(watchdog.warn), .min = 10, .max = minutes(1),
     .help = "A loop that is late by more than this is logged with what it was doing."},
    {SLUICE_KEY(watchdog.fatal), .max = hours(1),
     .help = "A loop that is late by more than this ends the process, so that the service manager "
             "restarts it. 0s is never."},

    {.path = "streams",
     .help =
         "What is different for single streams, each named `\"<server>/<camera>\"`. What is not "
         "said here comes from `stream` and `source`."},
    {SLUICE_OVERRIDE(publish), .flags = kLive,
     .help = "As `stream.publish`, for this stream only. A stream with a `source` is published by "
             "nobody else, except with `always`: then an encoder may stand in for the camera.",
     .example = "always"},
    {SLUICE_OVERRIDE(source), .check = check_source_url, .flags = kLive | kUrls,
     .help = "The camera: one URL, `rtsp://` or `rtsps://` with user and password, or a list in "
             "order of preference, of which the next is taken at once when one fails. Each may be "
             "`@/path` or `${NAME}` as a secret may. The main and the sub-stream of a camera are "
             "two streams.",
     .example = "rtsp://viewer:pass@10.0.0.5:554/Streaming/Channels/101"},
    {SLUICE_OVERRIDE(transport), .flags = kLive, .help = "As `source.transport`.",
     .example = "auto"},
    {SLUICE_OVERRIDE(on_demand), .flags = kLive, .help = "As `source.on_demand`.",
     .example = "true"},
    {SLUICE_OVERRIDE(stop_after), .max = hours(24), .flags = kLive,
     .help = "As `source.stop_after`.", .example = "30s"},
    {SLUICE_OVERRIDE(start_timeout), .min = 100, .max = minutes(5), .flags = kLive,
     .help = "As `source.start_timeout`.", .example = "10s"},
    {SLUICE_OVERRIDE(keep_viewers), .max = hours(24), .flags = kLive,
     .help = "As `source.keep_viewers`.", .example = "5m"},
    {SLUICE_OVERRIDE(damaged), .flags = kLive, .help = "As `source.damaged`.", .example = "drop"},
    {SLUICE_OVERRIDE(verify_tls), .flags = kLive, .help = "As `source.verify_tls`.",
     .example = "true"},
    {SLUICE_OVERRIDE(connect_timeout), .min = 100, .max = minutes(5), .flags = kLive,
     .help = "As `source.connect_timeout`.", .example = "10s"},
    {SLUICE_OVERRIDE(media_timeout), .min = 500, .max = minutes(10), .flags = kLive,
     .help = "As `source.media_timeout`.", .example = "10s"},
    {SLUICE_OVERRIDE(renditions), .max = 8, .check = check_stream_name, .flags = kLive,
     .help = "Up to 8 other streams that show the same in another size or codec, such as the "
             "sub-stream of the same camera, best first. HLS players of this stream choose among "
             "them all, and a page's codecs decide which one it is sent over WS-fMP4.",
     .example = "[\"uin1/gate_sub\"]"},
};

}  // namespace

std::span<const Field> fields() { return kFields; }

const Field *find_field(std::string_view section, std::string_view key) {
  const auto *it = std::ranges::find_if(kFields, [&](const Field &field) {
    return !field.is_section() && field.section() == section && field.key() == key;
  });
  return it == std::end(kFields) ? nullptr : it;
}

bool is_section_name(std::string_view name) {
  return std::ranges::any_of(
      kFields, [&](const Field &field) { return field.is_section() && field.path == name; });
}

}  // namespace sluice::config

#undef SLUICE_KEY
#undef SLUICE_OVERRIDE
