/* The binary interface of the vendor's library on 64-bit Linux, declared anew: only exported names,
 * sizes and offsets are the vendor's. Structures say which bytes are used; the rest is reserved. */
#ifndef EVERFRAME_SIM_ABI_H
#define EVERFRAME_SIM_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t year, month, day, hour, minute, second;
} wall_time;

typedef struct {
    char address[129];
    uint8_t transport;
    uint16_t port;
    char username[64];
    char password[64];
    void *callback;
    void *callback_context;
    int32_t asynchronous;
    uint8_t proxy_type, utc_time, login_mode, https;
    int32_t proxy_id;
    uint8_t verify_mode;
    uint8_t rest[119];
} login_request;

typedef struct {
    uint8_t serial[48];
    uint8_t alarm_inputs, alarm_outputs, disks, old_type;
    uint8_t analogue_count, analogue_start, audio_count, ip_count_low;
    uint8_t skipped[6];
    uint16_t type;
    uint8_t more_support, stream_protocols, ip_start, talk_start, ip_count_high;
    uint8_t unused[6];
    uint8_t mirror_count;
    uint16_t mirror_start;
    uint8_t last_support, rest;
} device_told;

typedef struct {
    device_told device;
    uint8_t has_lock, tries_left, password_level, proxy_type;
    uint32_t locked_seconds;
    uint8_t text_encoding, more[2], login_mode;
    uint32_t oem;
    int32_t validity_days;
    uint8_t rest[244];
} login_answer;

typedef struct {
    int32_t channel;
    uint32_t file_type, locked, with_card;
    uint8_t card[32];
    wall_time start, stop;
    uint8_t frames, kind, quick, special_kind;
    uint32_t volume;
    uint8_t device[16];
    uint8_t special[8];
    uint8_t stream, audio;
    uint8_t rest[30];
} search_request;

typedef struct {
    uint8_t name[100];
    wall_time start, stop;
    uint32_t size;
    uint8_t card[32];
    uint8_t locked, type, quick;
    uint32_t index;
    uint8_t stream;
    uint8_t rest[127];
} search_answer;

typedef struct {
    uint32_t month, week, weekday, hour, minute;
} yearly_moment;

typedef struct {
    uint32_t size;
    uint8_t rest[16];
    uint32_t enabled;
    uint8_t bias_minutes, rest2[3];
    yearly_moment begin, end;
} daylight_rule;

typedef struct {
    uint32_t channel;
    wall_time start, stop;
    uint8_t frames, stream, stream_id[32], coarse, download, optimal, format;
    uint8_t rest[26];
} download_request;

typedef struct {
    uint32_t size;
    uint8_t id[32];
    uint32_t channel;
    uint8_t rest[32];
} stream_name;

typedef struct {
    uint32_t size;
    stream_name stream;
    wall_time begin, end;
    uint32_t window;
    uint8_t frames, volume_type, volume, stream_type;
    uint32_t file_index;
    uint8_t audio, coarse, download, optimal;
    uint8_t rest[20];
} play_request;

#define HAS_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define IS_AT(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field)

HAS_SIZE(wall_time, 24);
HAS_SIZE(login_request, 416);
IS_AT(login_request, port, 130);
IS_AT(login_request, username, 132);
IS_AT(login_request, password, 196);
IS_AT(login_request, callback, 264);
IS_AT(login_request, asynchronous, 280);
IS_AT(login_request, utc_time, 285);
IS_AT(login_request, verify_mode, 292);
HAS_SIZE(device_told, 80);
IS_AT(device_told, analogue_count, 52);
IS_AT(device_told, ip_count_low, 55);
IS_AT(device_told, type, 62);
IS_AT(device_told, ip_start, 66);
IS_AT(device_told, ip_count_high, 68);
IS_AT(device_told, mirror_start, 76);
HAS_SIZE(login_answer, 344);
IS_AT(login_answer, has_lock, 80);
IS_AT(login_answer, locked_seconds, 84);
IS_AT(login_answer, text_encoding, 88);
IS_AT(login_answer, oem, 92);
HAS_SIZE(search_request, 160);
IS_AT(search_request, start, 48);
IS_AT(search_request, special, 120);
IS_AT(search_request, stream, 128);
HAS_SIZE(search_answer, 320);
IS_AT(search_answer, start, 100);
IS_AT(search_answer, size, 148);
IS_AT(search_answer, index, 188);
IS_AT(search_answer, stream, 192);
HAS_SIZE(daylight_rule, 68);
IS_AT(daylight_rule, enabled, 20);
IS_AT(daylight_rule, begin, 28);
HAS_SIZE(download_request, 116);
HAS_SIZE(stream_name, 72);
HAS_SIZE(play_request, 160);
IS_AT(play_request, window, 124);
IS_AT(play_request, file_index, 132);

#endif
