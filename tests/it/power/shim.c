/*
 * A power cut for a process: loaded before the C library, it remembers what was written to the files of one directory since
 * each was last synced. At the operation that is said it takes that back, as a disk whose cache was lost would have it, and
 * kills the process. Directories are held to the letter: a file that was made, renamed or deleted is so only when its
 * directory was synced.
 *
 *   POWER_DIR   the directory, as an absolute path
 *   POWER_CUT   at which operation (writes, truncations, syncs, deletions, renames; from 1)
 *   POWER_TORN  when set to a number: not everything is taken back, but each sector by a coin drawn from it
 *   POWER_DISK  a file whose first letter says how the disk is: `f`ull (followed by a number: once files have grown by so many
 *               bytes), `r`ead-only, `b`roken (what is synced fails), `s`low (a sync takes two seconds); anything else: well
 *
 * Every operation goes to the real file at once, so that the process reads what it wrote. What is memory (`-shm`) is let be.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512
#define REAL(name) ((__typeof__(&name))real(#name))

enum kind { WRITTEN, TRUNCATED, MADE, DELETED, RENAMED };

/* What one operation changed, newest first. */
struct change {
    struct change *older;
    enum kind kind;
    dev_t device;
    ino_t inode;     /* of the file; of the directory for MADE, DELETED, RENAMED */
    off_t at;        /* where the bytes stood */
    size_t length;   /* how many there were; what lies beyond is new */
    size_t written;  /* how many were written */
    off_t size;      /* of the file before */
    char *bytes;     /* what stood there */
    char *path, *other;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct change *changes;
static long operations, cut_at, saved, grown;
static int torn;
static uint64_t dice;
static char *directory, *disk;

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void) {
    const char *cut = getenv("POWER_CUT"), *coin = getenv("POWER_TORN");
    directory = getenv("POWER_DIR");
    disk = getenv("POWER_DISK");
    cut_at = cut ? atol(cut) : 0;
    torn = coin != NULL;
    dice = coin ? strtoull(coin, NULL, 10) : 0;
    unsetenv("LD_PRELOAD"); /* children have their own power */
}

static int heads(void) {
    dice += 0x9e3779b97f4a7c15ull;
    uint64_t mixed = dice;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return (mixed ^ (mixed >> 31)) & 1;
}

/* How the disk is now; the room that a full one had, less than none where it is just full. */
static char how_it_is(long *room) {
    char said[32] = "", *end;
    int fd = disk ? REAL(open)(disk, O_RDONLY) : -1;
    if (fd >= 0) {
        if (read(fd, said, sizeof said - 1) < 0) said[0] = 0;
        REAL(close)(fd);
    }
    *room = strtol(said + 1, &end, 10);
    if (end == said + 1) *room = -1;
    return said[0];
}

/* Whether nothing can be written, and why. */
static int refuses(void) {
    long room;
    char letter = how_it_is(&room);
    if (letter == 'f' && room < 0) errno = ENOSPC;
    else if (letter == 'r') errno = EROFS;
    else return 0;
    return 1;
}

/* How many of these bytes there is room for; 0: none, and why. The lock is held. */
static size_t fitting(const struct stat *before, off_t at, size_t count) {
    long room, more = (long)(at + (off_t)count - before->st_size);
    if (refuses()) return 0;
    if (how_it_is(&room) == 'f' && more > room - grown) {
        long missing = more - (room > grown ? room - grown : 0);
        count = (long)count > missing ? count - (size_t)missing : 0;
        more -= missing;
        errno = ENOSPC;
    }
    if (more > 0) grown += more;
    return count;
}

/* Whether a path is one whose loss matters. */
static int ours(const char *path) {
    if (!directory || !path || strncmp(path, directory, strlen(directory)) != 0) return 0;
    size_t length = strlen(path);
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static int path_of(int fd, char *path, size_t room) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, room - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

/* Whether a file is one whose loss matters. */
static int our_file(int fd, struct stat *found) {
    char path[4096];
    return directory && path_of(fd, path, sizeof path) && ours(path) && fstat(fd, found) == 0;
}

static struct change *note(enum kind kind, const struct stat *of) {
    struct change *change = calloc(1, sizeof *change);
    change->kind = kind;
    change->device = of->st_dev;
    change->inode = of->st_ino;
    change->size = of->st_size;
    change->older = changes;
    changes = change;
    return change;
}

static int stat_parent(const char *path, struct stat *found) {
    char parent[4096];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash) return 0;
    *slash = 0;
    return stat(parent, found) == 0;
}

/* A second name for a file, so that it can come back. */
static char *keep(const char *path) {
    char aside[4200];
    snprintf(aside, sizeof aside, "%s.power-%ld-%d", path, ++saved, getpid());
    return link(path, aside) == 0 ? strdup(aside) : NULL;
}

/* Another handle of a file that may have lost its name is found among the open ones. */
static int handle_of(const struct change *change) {
    for (int fd = 3; fd < 1024; fd++) {
        struct stat found;
        if (fstat(fd, &found) == 0 && found.st_dev == change->device && found.st_ino == change->inode) {
            char path[64];
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            int again = REAL(open)(path, O_RDWR);
            if (again >= 0) return again;
        }
    }
    return -1;
}

static int find(const char *folder, const struct change *change);

static void take_back(const struct change *change) {
    if (change->kind == MADE) {
        if (!torn || heads()) REAL(unlink)(change->path);
        return;
    }
    if (change->kind == DELETED) {
        if (change->other && (!torn || heads())) REAL(rename)(change->other, change->path);
        return;
    }
    if (change->kind == RENAMED) {
        if (torn && heads()) return;
        REAL(rename)(change->path, change->bytes); /* back to the old name */
        if (change->other) REAL(rename)(change->other, change->path);
        return;
    }
    int fd = handle_of(change);
    if (fd < 0) fd = find(directory, change);
    if (fd < 0) return; /* it is gone altogether */
    if (!torn) {
        if (change->length) REAL(pwrite)(fd, change->bytes, change->length, change->at);
        REAL(ftruncate)(fd, change->size);
    } else if (change->kind == TRUNCATED) {
        if (heads()) {
            REAL(ftruncate)(fd, change->size);
            if (change->length) REAL(pwrite)(fd, change->bytes, change->length, change->at);
        }
    } else {
        static const char zeros[SECTOR];
        for (size_t from = 0; from < change->written;) {
            size_t step = SECTOR - (size_t)((change->at + (off_t)from) % SECTOR);
            if (step > change->written - from) step = change->written - from;
            if (heads()) {
                size_t had = from < change->length ? change->length - from : 0;
                if (had > step) had = step;
                if (had) REAL(pwrite)(fd, change->bytes + from, had, change->at + (off_t)from);
                if (step > had) REAL(pwrite)(fd, zeros, step - had, change->at + (off_t)(from + had));
            }
            from += step;
        }
        if (change->at + (off_t)change->written > change->size && heads() && heads()) {
            struct stat now;
            if (fstat(fd, &now) == 0 && now.st_size > change->size) REAL(ftruncate)(fd, change->size);
        }
    }
    REAL(close)(fd);
}

static void cut(void) {
    for (struct change *change = changes; change; change = change->older) take_back(change);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* One more operation; whether it is the last. */
static int last(void) {
    return cut_at && ++operations == cut_at;
}

/* What the device has now is not lost any more. */
static void synced(const struct stat *of) {
    for (struct change **at = &changes; *at;) {
        struct change *change = *at;
        if (change->device == of->st_dev && change->inode == of->st_ino) {
            *at = change->older;
            if (change->kind == DELETED || change->kind == RENAMED) {
                if (change->other) REAL(unlink)(change->other);
            }
            free(change->bytes), free(change->path), free(change->other), free(change);
        } else {
            at = &change->older;
        }
    }
}

/* A file by its number, when no handle of it is open. */
#include <dirent.h>
static int find(const char *folder, const struct change *change) {
    DIR *open_folder = opendir(folder);
    if (!open_folder) return -1;
    struct dirent *entry;
    int fd = -1;
    while (fd < 0 && (entry = readdir(open_folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[4096];
        struct stat found;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &found) != 0) continue;
        if (S_ISDIR(found.st_mode)) fd = find(path, change);
        else if (found.st_dev == change->device && found.st_ino == change->inode) fd = REAL(open)(path, O_RDWR);
    }
    closedir(open_folder);
    return fd;
}

static void note_write(int fd, const struct stat *before, off_t at, size_t written) {
    struct change *change = note(WRITTEN, before);
    change->at = at;
    change->written = written;
    if (at < before->st_size) {
        size_t had = (size_t)(before->st_size - at);
        change->length = had < written ? had : written;
        change->bytes = malloc(change->length);
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int again = REAL(open)(path, O_RDONLY); /* it may be open for writing only */
        ssize_t read = again < 0 ? -1 : pread(again, change->bytes, change->length, at);
        if (again >= 0) REAL(close)(again);
        if (read < 0 || (size_t)read != change->length) {
            fprintf(stderr, "power: what %s held cannot be read\n", path);
            abort();
        }
    }
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    struct stat before;
    if (!our_file(fd, &before)) return REAL(pwrite)(fd, bytes, count, at);
    pthread_mutex_lock(&lock);
    fstat(fd, &before);
    ssize_t written = -1;
    size_t fit = fitting(&before, at, count);
    if (fit > 0 || count == 0) {
        note_write(fd, &before, at, fit);
        written = REAL(pwrite)(fd, bytes, fit, at);
        if (last()) cut();
    }
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return pwrite(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    struct stat before;
    if (!our_file(fd, &before)) return REAL(write)(fd, bytes, count);
    pthread_mutex_lock(&lock);
    fstat(fd, &before);
    off_t at = fcntl(fd, F_GETFL) & O_APPEND ? before.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t written = -1;
    size_t fit = fitting(&before, at, count);
    if (fit > 0 || count == 0) {
        note_write(fd, &before, at, fit);
        written = REAL(write)(fd, bytes, fit);
        if (last()) cut();
    }
    pthread_mutex_unlock(&lock);
    return written;
}

int ftruncate(int fd, off_t size) {
    struct stat before;
    if (!our_file(fd, &before)) return REAL(ftruncate)(fd, size);
    if (refuses()) return -1;
    pthread_mutex_lock(&lock);
    fstat(fd, &before);
    if (size < before.st_size) {
        note_write(fd, &before, size, (size_t)(before.st_size - size));
        changes->kind = TRUNCATED;
    } else {
        note(WRITTEN, &before);
    }
    int done = REAL(ftruncate)(fd, size);
    if (last()) cut();
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off64_t size) {
    return ftruncate(fd, size);
}

static int sync_with(int (*sync)(int), int fd) {
    struct stat of;
    char path[4096];
    int is_ours = directory && path_of(fd, path, sizeof path) && ours(path) && fstat(fd, &of) == 0;
    if (!is_ours) return sync(fd);
    long room;
    char letter = how_it_is(&room);
    if (letter == 's') sleep(2);
    if (letter == 'b') {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&lock);
    if (last()) cut();
    int done = sync(fd);
    if (done == 0) synced(&of);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) {
    return sync_with(REAL(fsync), fd);
}

int fdatasync(int fd) {
    return sync_with(REAL(fdatasync), fd);
}

static void note_made(const char *path) {
    struct stat parent;
    if (stat_parent(path, &parent)) note(MADE, &parent)->path = strdup(path);
}

static int open_with(int (*opens)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    char absolute[4096];
    if (!(flags & O_CREAT) || !directory) return opens(path, flags, mode);
    if (path[0] == '/') {
        snprintf(absolute, sizeof absolute, "%s", path);
    } else {
        char here[2000];
        snprintf(absolute, sizeof absolute, "%s/%s", getcwd(here, sizeof here) ? here : "", path);
    }
    if (!ours(absolute)) return opens(path, flags, mode);
    if (access(absolute, F_OK) != 0 && refuses()) return -1;
    pthread_mutex_lock(&lock);
    int is_new = access(absolute, F_OK) != 0;
    int fd = opens(path, flags, mode);
    if (is_new && fd >= 0) note_made(absolute);
    pthread_mutex_unlock(&lock);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(REAL(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(REAL(open64), path, flags, mode);
}

int unlink(const char *path) {
    struct stat parent;
    if (!ours(path) || !stat_parent(path, &parent)) return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    char *other = keep(path);
    int done = REAL(unlink)(path);
    if (done == 0) {
        struct change *change = note(DELETED, &parent);
        change->path = strdup(path);
        change->other = other;
    }
    if (last()) cut();
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    struct stat parent;
    if (!ours(to) || !stat_parent(to, &parent)) return REAL(rename)(from, to);
    pthread_mutex_lock(&lock);
    char *other = access(to, F_OK) == 0 ? keep(to) : NULL;
    int done = REAL(rename)(from, to);
    if (done == 0) {
        struct change *change = note(RENAMED, &parent);
        change->path = strdup(to);
        change->bytes = strdup(from);
        change->other = other;
    }
    if (last()) cut();
    pthread_mutex_unlock(&lock);
    return done;
}
