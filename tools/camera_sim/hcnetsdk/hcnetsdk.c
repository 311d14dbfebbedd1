/* A stand-in for the vendor's library: same exported names, same structures, simulated devices.
 *
 * It talks to no network. Devices are told apart by their port; what they are and which faults
 * they have stands in a script (script.h). Downloads are not simulated: they answer 23. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "script.h"

#define EXPORT __attribute__((visibility("default")))

enum { BAD_LOGIN = 1, NOT_INITIALISED = 3, NO_CHANNEL = 4, NO_CONNECTION = 7, BAD_PARAMETER = 17,
       UNSUPPORTED = 23, TOO_MANY = 46, USER_GONE = 47, UNKNOWN_USER = 152, LOCKED = 153 };
enum { FOUND = 1000, NOTHING = 1001, SEARCHING = 1002, NO_MORE = 1003 };
enum { BATCH = 1000, MAX_USERS = 2048, MAX_SEARCHES = 64, GET_TIME = 118, GET_DAYLIGHT = 128 };

typedef struct {
    int is_open, sent, waited;
    script *read;
    device *device;
    stored_file **files;
    int count;
} search;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static __thread uint32_t last_error;
static int is_initialised;
static int user_ports[MAX_USERS];
static search searches[MAX_SEARCHES];
static struct {
    int port, wrong;
    time_t locked_until;
} locks[MAX_DEVICES];

static int fails(uint32_t code) {
    last_error = code;
    return 0;
}

static void note(const script *read, const char *what, int number) {
    if (read->log_path[0] == '\0') {
        return;
    }
    FILE *log = fopen(read->log_path, "a");
    if (log != NULL) {
        fprintf(log, "%s %d\n", what, number);
        fclose(log);
    }
}

/* Do what the script wants at this function; 0 when the call shall fail. */
static int passes(const device *at, const char *function) {
    if (at->prints) {
        printf("simulated %s\n", function);
        fflush(stdout);
    }
    for (int i = 0; i < at->fault_count; i++) {
        const fault *wanted = &at->faults[i];
        if (strcmp(wanted->function, function) != 0) {
            continue;
        }
        if (strcmp(wanted->kind, "crash") == 0) {
            abort();
        } else if (strcmp(wanted->kind, "exit") == 0) {
            _exit(wanted->code);
        } else if (strcmp(wanted->kind, "hang") == 0) {
            for (;;) {
                pause();
            }
        } else if (strcmp(wanted->kind, "fail") == 0) {
            return fails((uint32_t)wanted->code);
        }
    }
    return 1;
}

static int64_t seconds_of(const wall_time *from) {
    struct tm parts = {.tm_year = (int)from->year - 1900, .tm_mon = (int)from->month - 1,
                       .tm_mday = (int)from->day, .tm_hour = (int)from->hour,
                       .tm_min = (int)from->minute, .tm_sec = (int)from->second};
    return timegm(&parts);
}

static wall_time wall_of(int64_t seconds) {
    time_t moment = (time_t)seconds;
    struct tm parts;
    gmtime_r(&moment, &parts);
    return (wall_time){(uint32_t)parts.tm_year + 1900, (uint32_t)parts.tm_mon + 1,
                       (uint32_t)parts.tm_mday, (uint32_t)parts.tm_hour, (uint32_t)parts.tm_min,
                       (uint32_t)parts.tm_sec};
}

/* The device of a user, with a script to be freed; NULL when there is none. */
static device *device_of_user(int32_t user, script **read) {
    int port = user >= 0 && user < MAX_USERS ? user_ports[user] : 0;
    *read = malloc(sizeof **read);
    script_read(*read);
    device *found = port ? script_device(*read, port) : NULL;
    if (found == NULL) {
        script_free(*read);
        fails(USER_GONE);
    }
    return found;
}

/* ---- the library itself ---- */

EXPORT int32_t NET_DVR_Init(void) {
    script *read = malloc(sizeof *read);
    script_read(read);
    note(read, "Init", 0);
    is_initialised = passes(&read->library, "Init");
    script_free(read);
    return is_initialised;
}

EXPORT int32_t NET_DVR_Cleanup(void) {
    is_initialised = 0;
    script *read = malloc(sizeof *read);
    script_read(read);
    note(read, "Cleanup", 0);
    script_free(read);
    return 1;
}

EXPORT int32_t NET_DVR_SetConnectTime(uint32_t milliseconds, uint32_t tries) {
    return milliseconds >= 300 && tries > 0 ? 1 : fails(BAD_PARAMETER);
}

EXPORT int32_t NET_DVR_SetReconnect(uint32_t milliseconds, int32_t enable) {
    script *read = malloc(sizeof *read);
    script_read(read);
    note(read, "SetReconnect", enable);
    script_free(read);
    return milliseconds > 0 ? 1 : fails(BAD_PARAMETER);
}

EXPORT int32_t NET_DVR_SetRecvTimeOut(uint32_t milliseconds) {
    return milliseconds >= 3000 ? 1 : fails(BAD_PARAMETER);
}

EXPORT int32_t NET_DVR_SetLogToFile(uint32_t level, char *folder, int32_t deletes) {
    (void)folder, (void)deletes;
    return level <= 3 ? 1 : fails(BAD_PARAMETER);
}

EXPORT uint32_t NET_DVR_GetSDKBuildVersion(void) { return 0x06010930; }

EXPORT int32_t NET_DVR_SetSDKInitCfg(int32_t kind, void *value) {
    /* As with the real one, paths count only before Init. */
    return !is_initialised && kind >= 2 && kind <= 4 && ((char *)value)[0] == '/'
               ? 1
               : fails(BAD_PARAMETER);
}

EXPORT int32_t NET_DVR_SetSDKLocalCfg(int32_t kind, const void *value) {
    (void)kind, (void)value;
    return 1;
}

EXPORT int32_t NET_DVR_SetExceptionCallBack_V30(uint32_t message, void *window, void *callback,
                                                void *context) {
    (void)message, (void)window, (void)callback, (void)context;
    return 1;
}

EXPORT uint32_t NET_DVR_GetLastError(void) { return last_error; }

EXPORT char *NET_DVR_GetErrorMsg(int32_t *code) {
    *code = (int32_t)last_error;
    return "simulated";
}

/* ---- logging in ---- */

static int lock_of(int port) {
    int free_slot = 0;
    for (int i = 0; i < MAX_DEVICES; i++) {
        if (locks[i].port == port) {
            return i;
        }
        if (locks[i].port == 0) {
            free_slot = i;
        }
    }
    locks[free_slot].port = port;
    return free_slot;
}

/* 0 when the login is good; otherwise the error, with what the device tells about its lock. */
static uint32_t rejection(const device *at, const login_request *request, login_answer *answer) {
    int slot = lock_of(at->port);
    int is_known = strcmp(request->username, at->username) == 0;
    int is_right = is_known && strcmp(request->password, at->password) == 0;
    time_t now = time(NULL);
    answer->has_lock = (uint8_t)at->tells_lock;
    if (locks[slot].locked_until > now) {
        /* Each try during the lock starts it again, even with the right password. */
        locks[slot].locked_until = now + at->lock_seconds;
        answer->locked_seconds = (uint32_t)at->lock_seconds;
        return LOCKED;
    }
    if (is_right) {
        locks[slot].wrong = 0;
        return 0;
    }
    locks[slot].wrong++;
    if (at->lock_tries > 0 && locks[slot].wrong >= at->lock_tries) {
        locks[slot].wrong = 0;
        locks[slot].locked_until = now + at->lock_seconds;
        answer->locked_seconds = (uint32_t)at->lock_seconds;
        return LOCKED;
    }
    answer->tries_left = (uint8_t)(at->lock_tries - locks[slot].wrong);
    return is_known ? BAD_LOGIN : UNKNOWN_USER;
}

static int32_t log_in(const script *read, const device *at, const login_request *request,
                      login_answer *answer) {
    note(read, "Login", at->port);
    note(read, "UtcTime", request->utc_time);
    uint32_t why = rejection(at, request, answer);
    if (why != 0) {
        fails(why);
        return -1;
    }
    memcpy(answer->device.serial, at->serial, sizeof answer->device.serial);
    answer->device.type = (uint16_t)at->type;
    answer->device.disks = (uint8_t)at->disks;
    answer->device.analogue_start = (uint8_t)at->analogue_start;
    answer->device.analogue_count = (uint8_t)at->analogue_count;
    answer->device.ip_start = (uint8_t)at->ip_start;
    answer->device.ip_count_low = (uint8_t)(at->ip_count & 0xFF);
    answer->device.ip_count_high = (uint8_t)(at->ip_count >> 8);
    answer->text_encoding = (uint8_t)at->text_encoding;
    for (int user = 0; user < MAX_USERS; user++) {
        if (user_ports[user] == 0) {
            user_ports[user] = at->port;
            return user;
        }
    }
    fails(TOO_MANY);
    return -1;
}

EXPORT int32_t NET_DVR_Login_V40(login_request *request, login_answer *answer) {
    if (!is_initialised) {
        fails(NOT_INITIALISED);
        return -1;
    }
    script *read = malloc(sizeof *read);
    script_read(read);
    device *at = script_device(read, request->port);
    int32_t user = -1;
    if (at == NULL) {
        fails(NO_CONNECTION);
    } else if (passes(at, "Login")) {
        pthread_mutex_lock(&guard);
        user = log_in(read, at, request, answer);
        pthread_mutex_unlock(&guard);
    }
    script_free(read);
    return user;
}

EXPORT int32_t NET_DVR_Logout(int32_t user) {
    script *read;
    device *at = device_of_user(user, &read);
    if (at == NULL) {
        return 0;
    }
    note(read, "Logout", at->port);
    int is_out = passes(at, "Logout");
    user_ports[user] = 0;
    script_free(read);
    return is_out;
}

/* ---- settings ---- */

static daylight_rule daylight_of(const device *at) {
    const int *d = at->daylight;
    daylight_rule rule = {.size = sizeof rule, .enabled = 1, .bias_minutes = (uint8_t)d[0]};
    rule.begin = (yearly_moment){(uint32_t)d[1], (uint32_t)d[2], (uint32_t)d[3], (uint32_t)d[4],
                                 (uint32_t)d[5]};
    rule.end = (yearly_moment){(uint32_t)d[6], (uint32_t)d[7], (uint32_t)d[8], (uint32_t)d[9],
                               (uint32_t)d[10]};
    return rule;
}

static int32_t give(const device *at, void *out, uint32_t room, uint32_t *returned,
                    const void *value, uint32_t size) {
    if (room < size) {
        return fails(BAD_PARAMETER);
    }
    memcpy(out, value, size);
    *returned = at->setting_bytes >= 0 ? (uint32_t)at->setting_bytes : size;
    return 1;
}

EXPORT int32_t NET_DVR_GetDVRConfig(int32_t user, uint32_t command, int32_t channel, void *out,
                                    uint32_t room, uint32_t *returned) {
    (void)channel;
    script *read;
    device *at = device_of_user(user, &read);
    if (at == NULL) {
        return 0;
    }
    int32_t is_done = 0;
    if (command == GET_TIME && passes(at, "GetTime")) {
        int64_t shown = at->fixed_clock
                            ? at->fixed_clock
                            : time(NULL) + at->utc_offset_minutes * 60 + at->clock_error_seconds;
        wall_time now = wall_of(shown);
        if (at->garbage_times) {
            now.month = 13;
        }
        is_done = give(at, out, room, returned, &now, sizeof now);
    } else if (command == GET_DAYLIGHT && at->has_daylight && passes(at, "GetDaylight")) {
        daylight_rule rule = daylight_of(at);
        is_done = give(at, out, room, returned, &rule, sizeof rule);
    } else if (command != GET_TIME) {
        fails(UNSUPPORTED);
    }
    script_free(read);
    return is_done;
}

/* ---- footage ---- */

static int has_channel(const device *at, int channel) {
    return (channel >= at->analogue_start && channel < at->analogue_start + at->analogue_count) ||
           (channel >= at->ip_start && channel < at->ip_start + at->ip_count);
}

static int is_wanted(const stored_file *file, const search_request *request) {
    int stream = request->stream == 1 ? 1 : 0;
    return file->channel == request->channel && file->stream == stream &&
           file->start <= seconds_of(&request->stop) && file->stop >= seconds_of(&request->start);
}

static int32_t open_search(script *read, device *at, const search_request *request) {
    int32_t number = 0;
    while (number < MAX_SEARCHES && searches[number].is_open) {
        number++;
    }
    if (number == MAX_SEARCHES) {
        fails(TOO_MANY);
        return -1;
    }
    search *opened = &searches[number];
    *opened = (search){.is_open = 1, .read = read, .device = at};
    opened->files = calloc((size_t)at->file_count + 1, sizeof *opened->files);
    for (int i = 0; i < at->file_count && opened->count < at->cap; i++) {
        if (is_wanted(&at->files[i], request)) {
            opened->files[opened->count++] = &at->files[i];
        }
    }
    note(read, "FindFile", request->channel);
    return number;
}

EXPORT int32_t NET_DVR_FindFile_V40(int32_t user, search_request *request) {
    script *read;
    device *at = device_of_user(user, &read);
    if (at == NULL) {
        return -1;
    }
    int32_t number = -1;
    if (!has_channel(at, request->channel)) {
        fails(NO_CHANNEL);
    } else if (passes(at, "FindFile")) {
        pthread_mutex_lock(&guard);
        number = open_search(read, at, request);
        pthread_mutex_unlock(&guard);
    }
    if (number < 0) {
        script_free(read);
    }
    return number;
}

static void fill(search_answer *answer, const search *from, const stored_file *file) {
    memset(answer, 0, sizeof *answer);
    memcpy(answer->name, file->name, sizeof answer->name);
    answer->start = wall_of(file->start);
    answer->stop = wall_of(file->stop);
    answer->size = file->size;
    answer->stream = (uint8_t)(from->device->tells_stream ? file->stream : 0);
    if (from->device->garbage_times) {
        answer->stop.day = 99;
    }
}

EXPORT int32_t NET_DVR_FindNextFile_V40(int32_t number, search_answer *answer) {
    if (number < 0 || number >= MAX_SEARCHES || !searches[number].is_open) {
        fails(BAD_PARAMETER);
        return -1;
    }
    search *going = &searches[number];
    if (!passes(going->device, "FindNextFile")) {
        return -1;
    }
    if (going->sent == going->device->state_after) {
        return going->device->state;
    }
    /* A real search makes its caller wait whenever the next batch is on its way. */
    if (going->sent % BATCH == 0 && going->waited < going->device->waits) {
        going->waited++;
        return SEARCHING;
    }
    going->waited = 0;
    if (going->sent == going->count) {
        return going->count == 0 ? NOTHING : NO_MORE;
    }
    fill(answer, going, going->files[going->sent++]);
    return FOUND;
}

EXPORT int32_t NET_DVR_FindClose_V30(int32_t number) {
    if (number < 0 || number >= MAX_SEARCHES || !searches[number].is_open) {
        return fails(BAD_PARAMETER);
    }
    note(searches[number].read, "FindClose", number);
    free(searches[number].files);
    script_free(searches[number].read);
    searches[number].is_open = 0;
    return 1;
}

/* ---- downloads and pictures: exported, not simulated ---- */

#define ABSENT(result, name, ...)                                                                 \
    EXPORT int32_t name(__VA_ARGS__) {                                                            \
        fails(UNSUPPORTED);                                                                       \
        return result;                                                                            \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
ABSENT(-1, NET_DVR_GetFileByName, int32_t user, char *name, char *path)
ABSENT(-1, NET_DVR_GetFileByTime_V40, int32_t user, char *path, download_request *request)
ABSENT(0, NET_DVR_PlayBackControl, int32_t handle, uint32_t code, uint32_t in, uint32_t *out)
ABSENT(0, NET_DVR_PlayBackControl_V40, int32_t handle, uint32_t code, void *in, uint32_t in_size,
       void *out, uint32_t *out_size)
ABSENT(-1, NET_DVR_GetDownloadPos, int32_t handle)
ABSENT(-1, NET_DVR_GetPlayBackPos, int32_t handle)
ABSENT(0, NET_DVR_StopGetFile, int32_t handle)
ABSENT(0, NET_DVR_StopPlayBack, int32_t handle)
ABSENT(-1, NET_DVR_PlayBackByName, int32_t user, char *name, uint32_t window)
ABSENT(-1, NET_DVR_PlayBackByTime_V40, int32_t user, const play_request *request)
ABSENT(0, NET_DVR_SetPlayDataCallBack_V40, int32_t handle, void *callback, void *context)
ABSENT(-1, NET_DVR_RealPlay_V40, int32_t user, void *request, void *callback, void *context)
ABSENT(0, NET_DVR_StopRealPlay, int32_t handle)
