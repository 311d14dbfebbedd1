#define _GNU_SOURCE
#include "script.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char VARIABLE[] = "EVERFRAME_SIM_HCNETSDK_SCRIPT";
static const char BESIDE[] = "hcnetsdk.script";

static FILE *open_script(void) {
    const char *named = getenv(VARIABLE);
    if (named != NULL) {
        return fopen(named, "r");
    }
    Dl_info own;
    char path[1024];
    if (dladdr((void *)&script_read, &own) == 0 || strrchr(own.dli_fname, '/') == NULL) {
        return NULL;
    }
    int folder = (int)(strrchr(own.dli_fname, '/') - own.dli_fname) + 1;
    snprintf(path, sizeof path, "%.*s%s", folder, own.dli_fname, BESIDE);
    return fopen(path, "r");
}

static int64_t moment_of(const char *text) {
    struct tm parts = {0};
    sscanf(text, "%4d%2d%2d%2d%2d%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
           &parts.tm_hour, &parts.tm_min, &parts.tm_sec);
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return timegm(&parts);
}

static stored_file *add_file(device *to) {
    to->files = realloc(to->files, sizeof(stored_file) * (size_t)(to->file_count + 1));
    stored_file *added = &to->files[to->file_count++];
    memset(added, 0, sizeof *added);
    return added;
}

/* file <channel> <stream> <start> <stop> <size> <name in hexadecimal> */
static void read_file(device *to, const char *value) {
    char start[16], stop[16], name[201] = "";
    stored_file *file = add_file(to);
    sscanf(value, "%d %d %15s %15s %u %200s", &file->channel, &file->stream, start, stop,
           &file->size, name);
    file->start = moment_of(start);
    file->stop = moment_of(stop);
    for (size_t i = 0; i < strlen(name) / 2; i++) {
        unsigned byte = 0;
        sscanf(name + 2 * i, "%2x", &byte);
        file->name[i] = (uint8_t)byte;
    }
}

/* files <channel> <stream> <first start> <count> <seconds of each> */
static void read_files(device *to, const char *value) {
    int channel = 0, stream = 0, count = 0, seconds = 0;
    char first[16];
    sscanf(value, "%d %d %15s %d %d", &channel, &stream, first, &count, &seconds);
    for (int i = 0; i < count; i++) {
        stored_file *file = add_file(to);
        file->channel = channel;
        file->stream = stream;
        file->start = moment_of(first) + (int64_t)i * seconds;
        file->stop = file->start + seconds;
        file->size = 1000u + (uint32_t)i;
        snprintf((char *)file->name, sizeof file->name, "ch%02d_%08d", channel, i);
    }
}

static void read_daylight(device *to, const char *value) {
    int *d = to->daylight;
    to->has_daylight = sscanf(value, "%d %d %d %d %d %d %d %d %d %d %d", d, d + 1, d + 2, d + 3,
                              d + 4, d + 5, d + 6, d + 7, d + 8, d + 9, d + 10) == 11;
}

static void read_fault(device *to, const char *kind, const char *value) {
    if (to->fault_count < MAX_FAULTS) {
        fault *added = &to->faults[to->fault_count++];
        snprintf(added->kind, sizeof added->kind, "%s", kind);
        sscanf(value, "%31s %d", added->function, &added->code);
    }
}

static device *add_device(script *to, int port) {
    if (to->device_count == MAX_DEVICES) {
        return &to->devices[MAX_DEVICES - 1];
    }
    device *added = &to->devices[to->device_count++];
    memset(added, 0, sizeof *added);
    added->port = port;
    added->type = 31;
    added->disks = 1;
    added->analogue_start = 1;
    added->cap = 4000;
    added->tells_stream = 1;
    added->tells_lock = 1;
    added->setting_bytes = -1;
    added->state_after = -1;
    return added;
}

static int read_number(device *to, const char *key, const char *value) {
    struct {
        const char *key;
        int *field;
    } fields[] = {
        {"type", &to->type},
        {"disks", &to->disks},
        {"text_encoding", &to->text_encoding},
        {"analogue_start", &to->analogue_start},
        {"analogue_count", &to->analogue_count},
        {"ip_start", &to->ip_start},
        {"ip_count", &to->ip_count},
        {"lock_tries", &to->lock_tries},
        {"lock_seconds", &to->lock_seconds},
        {"tells_lock", &to->tells_lock},
        {"utc_offset_minutes", &to->utc_offset_minutes},
        {"clock_error_seconds", &to->clock_error_seconds},
        {"cap", &to->cap},
        {"waits", &to->waits},
        {"tells_stream", &to->tells_stream},
        {"garbage_times", &to->garbage_times},
        {"setting_bytes", &to->setting_bytes},
        {"state_after", &to->state_after},
        {"state", &to->state},
        {"prints", &to->prints},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].key, key) == 0) {
            *fields[i].field = atoi(value);
            return 1;
        }
    }
    return 0;
}

static void read_line(script *to, const char *key, const char *value) {
    if (strcmp(key, "log") == 0) {
        snprintf(to->log_path, sizeof to->log_path, "%s", value);
        return;
    }
    if (strcmp(key, "device") == 0) {
        add_device(to, atoi(value));
        return;
    }
    device *last = to->device_count ? &to->devices[to->device_count - 1] : &to->library;
    if (strcmp(key, "username") == 0) {
        snprintf(last->username, sizeof last->username, "%s", value);
    } else if (strcmp(key, "password") == 0) {
        snprintf(last->password, sizeof last->password, "%s", value);
    } else if (strcmp(key, "serial") == 0) {
        snprintf(last->serial, sizeof last->serial, "%s", value);
    } else if (strcmp(key, "clock") == 0) {
        last->fixed_clock = moment_of(value);
    } else if (strcmp(key, "daylight") == 0) {
        read_daylight(last, value);
    } else if (strcmp(key, "file") == 0) {
        read_file(last, value);
    } else if (strcmp(key, "files") == 0) {
        read_files(last, value);
    } else if (!read_number(last, key, value)) {
        read_fault(last, key, value);
    }
}

int script_read(script *out) {
    memset(out, 0, sizeof *out);
    FILE *file = open_script();
    if (file == NULL) {
        return 0;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        char *value = strchr(line, ' ');
        if (value != NULL && line[0] != '#') {
            *value++ = '\0';
            read_line(out, line, value);
        }
    }
    free(line);
    fclose(file);
    return 1;
}

void script_free(script *read) {
    for (int i = 0; i < read->device_count; i++) {
        free(read->devices[i].files);
    }
    free(read->library.files);
    free(read);
}

device *script_device(script *read, int port) {
    for (int i = 0; i < read->device_count; i++) {
        if (read->devices[i].port == port) {
            return &read->devices[i];
        }
    }
    return NULL;
}
