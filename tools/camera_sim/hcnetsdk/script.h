/* What the simulated devices are and do, read from a text file of `key value` lines.
 *
 * The file is read anew at every login, search and setting, so that a test may change it at any
 * time by renaming another one over it. See README.md for the keys. */
#ifndef EVERFRAME_SIM_SCRIPT_H
#define EVERFRAME_SIM_SCRIPT_H

#include <stdint.h>
#include <time.h>

#include "abi.h"

enum { MAX_DEVICES = 16, MAX_FAULTS = 16 };

typedef struct {
    int channel, stream;
    int64_t start, stop; /* wall clock, in seconds as if it were UTC */
    uint32_t size;
    uint8_t name[100];
} stored_file;

typedef struct {
    char kind[8]; /* fail, crash, hang, exit */
    char function[32];
    int code;
} fault;

typedef struct {
    int port;
    char username[64], password[64], serial[48];
    int type, disks, text_encoding;
    int analogue_start, analogue_count, ip_start, ip_count;
    int lock_tries, lock_seconds, tells_lock;
    int64_t fixed_clock; /* 0: the machine's */
    int utc_offset_minutes, clock_error_seconds;
    int has_daylight, daylight[11];
    int cap, waits, tells_stream, garbage_times, setting_bytes;
    int state_after, state; /* after that many files, answer with that state for ever */
    int prints;
    fault faults[MAX_FAULTS];
    int fault_count;
    stored_file *files;
    int file_count;
} device;

typedef struct {
    char log_path[512];
    device library; /* no device: port 0, only its faults count */
    device devices[MAX_DEVICES];
    int device_count;
} script;

/* Fill a script from the file; 0 when there is none. Free it with script_free. */
int script_read(script *out);
void script_free(script *read);
device *script_device(script *read, int port);

#endif
