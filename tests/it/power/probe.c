/* Writes to DIR/file what is synced, then what is not: what the shim of a power cut is tried with. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words) {
    char path[4096], made[4096];
    if (count < 2) return 2;
    snprintf(path, sizeof path, "%s/file", words[1]);
    snprintf(made, sizeof made, "%s/made", words[1]);
    int fd = open(path, O_RDWR | O_CREAT, 0644), folder = open(words[1], O_RDONLY);
    if (write(fd, "kept", 4) != 4 || fsync(fd) != 0 || fsync(folder) != 0) return 3; /* operations 1, 2, 3 */
    if (pwrite(fd, "LO", 2, 0) != 2 || pwrite(fd, "ST, and more", 12, 2) != 12) return 4; /* 4, 5 */
    if (open(made, O_RDWR | O_CREAT, 0644) < 0 || ftruncate(fd, 1) != 0) return 5; /* 6 */
    if (unlink(path) != 0) return 6; /* 7 */
    return 0;
}
