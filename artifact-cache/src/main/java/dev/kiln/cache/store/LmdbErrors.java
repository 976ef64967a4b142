package dev.kiln.cache.store;

/** Return codes of LMDB in words. */
final class LmdbErrors {
    private LmdbErrors() {
    }

    static String text(int code) {
        return switch (code) {
            case 1 -> "not permitted (EPERM)";
            case 2 -> "no such folder (ENOENT)";
            case 5 -> "input/output error (EIO)";
            case 11 -> "the file is locked (EAGAIN)";
            case 12 -> "out of memory (ENOMEM)";
            case 13 -> "permission denied (EACCES)";
            case 28 -> "no space left on the device (ENOSPC)";
            case 30 -> "the file system is read-only (EROFS)";
            case 122 -> "disk quota exceeded (EDQUOT)";
            case -30797 -> "a page is missing (MDB_PAGE_NOTFOUND)";
            case -30796 -> "a page is damaged (MDB_CORRUPTED)";
            case -30795 -> "an earlier error was fatal (MDB_PANIC)";
            case -30794 -> "the file has another version (MDB_VERSION_MISMATCH)";
            case -30793 -> "the file is not an LMDB file (MDB_INVALID)";
            case LmdbBinding.MAP_FULL -> "the map is full (MDB_MAP_FULL)";
            case -30791 -> "too many databases (MDB_DBS_FULL)";
            default -> "error " + code;
        };
    }
}
