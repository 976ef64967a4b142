package dev.kiln.cli;

import dev.kiln.KilnConfig;
import dev.kiln.cache.ArtifactCache;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CacheStats;
import dev.kiln.cache.PruneReport;
import dev.kiln.cache.PushReport;
import dev.kiln.cache.VerifyReport;
import dev.kiln.cache.remote.RemoteCache;
import dev.kiln.cache.remote.RemoteSettings;
import dev.kiln.cache.remote.RemoteStoreException;
import dev.kiln.ops.KilnException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code kiln cache}: looks after the cache. */
@Command(description = "Looks after the cache.")
public final class CacheCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT,
        description = "Show this help.")
    private boolean help;

    @Option(names = "--cache-dir", paramLabel = "D", scope = ScopeType.INHERIT,
        description = "Where compiled models are kept.")
    private Path cacheDir;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "End with one line of JSON.")
    private boolean json;

    @Override
    public String name() {
        return "cache";
    }

    @Override
    public Integer call() {
        throw new CommandLine.ParameterException(spec.commandLine(),
            "what to do is missing: stats, verify, prune, remote or push");
    }

    private interface Task {
        int run(ArtifactCache cache, PrintWriter out);
    }

    private int with(Task task) {
        try (CacheHome home = CacheHome.open(here(new RemoteCacheOption()))) {
            return task.run(home.artifacts(), spec.commandLine().getOut());
        }
    }

    @Command(name = "stats", description = "Counts entries and bytes.")
    int stats() {
        return with((cache, out) -> {
            CacheStats stats = cache.stats();
            if (!json) {
                stats.records().forEach((kind, count) -> out.println(count + " records of kind " + kind));
                out.println(stats.recordBytes() + " bytes of records");
                out.println(stats.blobs() + " blobs, " + stats.blobBytes() + " bytes");
                out.println(stats.quarantined() + " entries in quarantine");
                return 0;
            }
            Json.line(out, line -> {
                line.writeObjectFieldStart("records");
                for (var kind : stats.records().entrySet()) {
                    line.writeNumberField(kind.getKey(), kind.getValue());
                }
                line.writeEndObject();
                line.writeNumberField("record_bytes", stats.recordBytes());
                line.writeNumberField("blobs", stats.blobs());
                line.writeNumberField("blob_bytes", stats.blobBytes());
                line.writeNumberField("quarantined", stats.quarantined());
            });
            return 0;
        });
    }

    @Command(name = "remote", description = "Tells whether the remote cache answers; exit code 1 if it does not.")
    int remote(@Mixin RemoteCacheOption option) {
        RemoteSettings remote = here(option).remote().orElseThrow(() ->
            new KilnException.BadInput("there is no remote cache: set KILN_REMOTE_CACHE or give --remote-cache"));
        Duration answer;
        try {
            answer = RemoteCache.ping(remote);
        } catch (RemoteStoreException e) {
            throw new KilnException(remote + " does not answer: " + e.getMessage(), e);
        }
        PrintWriter out = spec.commandLine().getOut();
        double millis = answer.toNanos() / 1e6;
        if (json) {
            Json.line(out, line -> {
                line.writeStringField("remote", remote.place());
                line.writeBooleanField("writes", remote.writes());
                line.writeBooleanField("signed", remote.secret().isPresent());
                line.writeNumberField("answer_ms", Json.round(millis));
            });
        } else {
            out.println(remote + " answers in " + String.format(Locale.ROOT, "%.2f ms", millis));
        }
        return 0;
    }

    @Command(name = "push", description = "Sends all that lies here to the remote cache, but what is there already.")
    int push(@Mixin RemoteCacheOption option) {
        CacheSettings settings = here(option);
        if (!settings.mode().reads()) {
            throw new KilnException.BadInput("the cache is off: there is nothing to send with KILN_CACHE=off");
        }
        if (settings.remote().isEmpty() || !settings.remote().get().writes()) {
            throw new KilnException.BadInput("there is no remote cache to write to: set KILN_REMOTE_CACHE or give "
                + "--remote-cache, without KILN_REMOTE_CACHE_MODE=read");
        }
        PrintWriter err = spec.commandLine().getErr();
        PushReport report;
        try (CacheHome home = CacheHome.open(settings)) {
            report = home.push(count -> {
                if (!json) {
                    err.println(count + " records");
                    err.flush();
                }
            });
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.line(out, line -> {
                line.writeNumberField("records", report.records());
                line.writeNumberField("chunks", report.chunks());
                line.writeNumberField("bytes", report.bytes());
                line.writeBooleanField("complete", report.complete());
            });
        } else {
            out.println("looked at " + report.records() + " records, sent " + report.bytes() + " bytes to "
                + settings.remote().get() + (report.complete() ? "" : "; not all of it got there"));
        }
        return report.complete() ? 0 : Failures.FAILED;
    }

    private CacheSettings here(RemoteCacheOption option) {
        CacheSettings given = option.over(KilnConfig.fromEnvironment().cache());
        return cacheDir == null ? given : given.withDirectory(cacheDir);
    }

    @Command(name = "verify", description = "Reads every byte; exit code 1 if something is damaged.")
    int verify(@Option(names = "--remove", description = "Remove what is damaged.") boolean remove) {
        return with((cache, out) -> {
            VerifyReport report = cache.verify(remove);
            if (json) {
                Json.line(out, line -> {
                    line.writeNumberField("records", report.records());
                    line.writeNumberField("blobs", report.blobs());
                    line.writeNumberField("bytes", report.bytes());
                    line.writeArrayFieldStart("bad");
                    for (VerifyReport.Finding finding : report.bad()) {
                        line.writeStartObject();
                        line.writeStringField("what", finding.what());
                        line.writeStringField("problem", finding.problem());
                        line.writeBooleanField("removed", finding.removed());
                        line.writeEndObject();
                    }
                    line.writeEndArray();
                });
            } else {
                report.bad().forEach(f -> out.println(f.what() + ": " + f.problem()
                    + (f.removed() ? " (removed)" : "")));
                out.println(report.records() + " records and " + report.blobs() + " blobs read, "
                    + report.bytes() + " bytes, " + report.bad().size() + " damaged");
            }
            return report.bad().isEmpty() ? 0 : Failures.FAILED;
        });
    }

    @Command(name = "prune", description = "Removes what was not used for long, or does not fit.")
    int prune(@Option(names = "--max-bytes", paramLabel = "N[K|M|G]", defaultValue = "10G",
            description = "Bytes to keep (default: ${DEFAULT-VALUE}).") String maxBytes,
            @Option(names = "--max-age", paramLabel = "N[s|m|h|d]", defaultValue = "90d",
            description = "Time since the last use (default: ${DEFAULT-VALUE}).") String maxAge) {
        return with((cache, out) -> {
            PruneReport report = cache.prune(Quantity.bytes("--max-bytes", maxBytes),
                Quantity.time("--max-age", maxAge));
            if (json) {
                Json.line(out, line -> {
                    line.writeNumberField("entries", report.entries());
                    line.writeNumberField("blobs", report.blobs());
                    line.writeNumberField("temporary_files", report.temporaryFiles());
                    line.writeNumberField("freed_bytes", report.freedBytes());
                    line.writeNumberField("kept_bytes", report.keptBytes());
                });
            } else {
                out.println("removed " + report.entries() + " entries and " + report.blobs() + " blobs, "
                    + report.freedBytes() + " bytes; " + report.keptBytes() + " bytes remain");
            }
            return 0;
        });
    }
}
