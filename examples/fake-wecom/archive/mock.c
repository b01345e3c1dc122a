/*
 * Stands in for WeCom's libWeWorkFinanceSdk_C.so in tests and rehearsals: the same functions, messages from a folder, and a
 * toy cipher in place of the real one. The folder is named by the archive's secret, "dir:/path/to/folder":
 *
 *   messages.jsonl   one sealed message a line, each beginning with {"seq":N, ; in the order of N
 *   answer           if there, what GetChatData gives back instead of messages
 *   fail             if there, "Function code": this function gives back the code
 *   length           if there, GetChatData says this length of what it gives back
 *   media/ID         files; given out in pieces of 7 bytes
 *   calls            written here: one line for each GetChatData, "seq limit timeout"
 *   destroyed        written by DestroySdk: how many slices and pieces were not freed
 *
 * A sealed message is "toy:" CHECK ":" HEX: the text XOR the key (over and over), with a checksum of the text.
 * Build: cc -shared -fPIC -O1 -o libmock.so mock.c
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char *buf; int len; } Slice_t;
typedef struct { char *outindexbuf; int out_len; char *data; int data_len; int is_finish; } MediaData_t;
typedef struct { char dir[2048]; pthread_t owner; } WeWorkFinanceSdk_t;

enum { PIECE = 7, MOST = 1000 };

static int live;

static char *path(const WeWorkFinanceSdk_t *sdk, const char *name, char *out, size_t size) {
    snprintf(out, size, "%s/%s", sdk->dir, name);
    return out;
}

/* A whole file, with a NUL behind it; NULL when there is none. */
static char *slurp(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = malloc((size_t)length + 1);
    *size = fread(text, 1, (size_t)length, file);
    text[*size] = 0;
    fclose(file);
    return text;
}

/* The code that this function is to give back, or 0. */
static int told_to_fail(const WeWorkFinanceSdk_t *sdk, const char *function) {
    char name[4096], who[64] = "";
    int code = 0;
    size_t size;
    char *text = slurp(path(sdk, "fail", name, sizeof name), &size);
    if (!text) return 0;
    int found = sscanf(text, "%63s %d", who, &code);
    free(text);
    return found == 2 && strcmp(who, function) == 0 ? code : 0;
}

static void give(Slice_t *slice, char *text, size_t size) {
    free(slice->buf);
    slice->buf = text;
    slice->len = (int)size;
}

WeWorkFinanceSdk_t *NewSdk(void) { return calloc(1, sizeof(WeWorkFinanceSdk_t)); }

int Init(WeWorkFinanceSdk_t *sdk, const char *corpid, const char *secret) {
    if (!sdk || !corpid || strncmp(corpid, "ww", 2) != 0 || !secret || strncmp(secret, "dir:", 4) != 0) return 10000;
    snprintf(sdk->dir, sizeof sdk->dir, "%s", secret + 4);
    sdk->owner = pthread_self();
    return told_to_fail(sdk, "Init");
}

void DestroySdk(WeWorkFinanceSdk_t *sdk) {
    char name[4096];
    FILE *file = sdk->dir[0] ? fopen(path(sdk, "destroyed", name, sizeof name), "w") : NULL;
    if (file) {
        fprintf(file, "%d", live);
        fclose(file);
    }
    free(sdk);
}

Slice_t *NewSlice(void) {
    live++;
    return calloc(1, sizeof(Slice_t));
}

void FreeSlice(Slice_t *slice) {
    live--;
    free(slice->buf);
    free(slice);
}

char *GetContentFromSlice(Slice_t *slice) { return slice->buf; }
int GetSliceLen(Slice_t *slice) { return slice->len; }

MediaData_t *NewMediaData(void) {
    live++;
    return calloc(1, sizeof(MediaData_t));
}

void FreeMediaData(MediaData_t *media) {
    live--;
    free(media->outindexbuf);
    free(media->data);
    free(media);
}

char *GetOutIndexBuf(MediaData_t *media) { return media->outindexbuf; }
char *GetData(MediaData_t *media) { return media->data; }
int GetIndexLen(MediaData_t *media) { return media->out_len; }
int GetDataLen(MediaData_t *media) { return media->data_len; }
int IsMediaDataFinish(MediaData_t *media) { return media->is_finish; }

int GetChatData(WeWorkFinanceSdk_t *sdk, unsigned long long seq, unsigned int limit, const char *proxy, const char *passwd,
                int timeout, Slice_t *out) {
    char name[4096];
    if (proxy && proxy[0]) {
        FILE *through = fopen(path(sdk, "proxy", name, sizeof name), "w");
        if (through) {
            fprintf(through, "%s %s", proxy, passwd ? passwd : "");
            fclose(through);
        }
    }
    if (limit == 0 || limit > MOST) return 10000;
    if (!pthread_equal(sdk->owner, pthread_self())) return 10003;
    FILE *calls = fopen(path(sdk, "calls", name, sizeof name), "a");
    if (calls) {
        fprintf(calls, "%llu %u %d\n", seq, limit, timeout);
        fclose(calls);
    }
    int code = told_to_fail(sdk, "GetChatData");
    if (code) return code;
    size_t size, length = 0; /* there may be no messages yet */
    char *answer = slurp(path(sdk, "answer", name, sizeof name), &size);
    if (!answer) {
        char *all = slurp(path(sdk, "messages.jsonl", name, sizeof name), &length);
        answer = malloc(length + 64);
        size = (size_t)sprintf(answer, "{\"errcode\":0,\"errmsg\":\"ok\",\"chatdata\":[");
        unsigned int given = 0;
        for (char *line = all, *end; line && *line && given < limit; line = end) {
            end = strchr(line, '\n');
            size_t chars = end ? (size_t)(end - line) : strlen(line);
            if (end) end++;
            /* not sscanf, which would look for the end of all lines each time */
            if (strncmp(line, "{\"seq\":", 7) != 0 || strtoull(line + 7, NULL, 10) <= seq) continue;
            if (given++) answer[size++] = ',';
            memcpy(answer + size, line, chars);
            size += chars;
        }
        size += (size_t)sprintf(answer + size, "]}");
        free(all);
    }
    give(out, answer, size);
    char *told = slurp(path(sdk, "length", name, sizeof name), &length);
    if (told) {
        out->len = atoi(told);
        free(told);
    }
    return 0;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

int DecryptData(const char *encrypt_key, const char *encrypt_msg, Slice_t *out) {
    unsigned int check, sum = 2166136261u;
    int skip = 0, code;
    if (sscanf(encrypt_msg, "!%d", &code) == 1) return code;
    if (!*encrypt_key || sscanf(encrypt_msg, "toy:%8x:%n", &check, &skip) != 1 || skip == 0) return 10008;
    const char *sealed = encrypt_msg + skip;
    size_t length = strlen(sealed) / 2, key = strlen(encrypt_key);
    char *text = malloc(length + 1);
    for (size_t i = 0; i < length; i++) {
        int high = hex(sealed[2 * i]), low = hex(sealed[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(text);
            return 10008;
        }
        text[i] = (char)((high * 16 + low) ^ encrypt_key[i % key]);
        sum = (sum ^ (unsigned char)text[i]) * 16777619u;
    }
    text[length] = 0;
    if (sum != check) {
        free(text);
        return 10006;
    }
    give(out, text, length);
    return 0;
}

int GetMediaData(WeWorkFinanceSdk_t *sdk, const char *indexbuf, const char *sdkFileid, const char *proxy, const char *passwd,
                 int timeout, MediaData_t *out) {
    (void)proxy;
    (void)passwd;
    (void)timeout;
    char name[4096];
    int code = told_to_fail(sdk, "GetMediaData");
    if (code) return code;
    if (strchr(sdkFileid, '/')) return 10005;
    snprintf(name, sizeof name, "%s/media/%s", sdk->dir, sdkFileid);
    size_t size;
    char *all = slurp(name, &size);
    if (!all) return 10005;
    size_t at = indexbuf ? (size_t)atoll(indexbuf) : 0;
    if (at > size) at = size;
    size_t length = size - at < PIECE ? size - at : PIECE;
    out->data = malloc(length + 1);
    memcpy(out->data, all + at, length);
    out->data_len = (int)length;
    out->outindexbuf = malloc(32);
    out->out_len = sprintf(out->outindexbuf, "%zu", at + length);
    out->is_finish = at + length == size;
    free(all);
    return 0;
}
