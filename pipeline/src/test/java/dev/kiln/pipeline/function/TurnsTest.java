package dev.kiln.pipeline.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private static final long SECONDS = 10;

    private final Turns turns = new Turns();

    @Test
    void workAheadOfNeedWaitsForCalls() throws Exception {
        Turns.Turn turn = turns.take();
        CompletableFuture<Void> ahead = run(turns::awaitNone);
        assertThat(ahead.isDone()).isFalse();
        turn.close();
        turn.close();
        ahead.get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void theEndWaitsForThoseUnderWayAndRefusesOthers() throws Exception {
        Turns.Turn turn = turns.take();
        CompletableFuture<Void> end = run(turns::end);
        while (!refuses()) {
            Thread.onSpinWait();
        }
        assertThat(end.isDone()).isFalse();
        assertThatThrownBy(turns::take).isInstanceOf(IllegalStateException.class).hasMessage("Kiln is closed");
        turn.close();
        end.get(SECONDS, TimeUnit.SECONDS);
    }

    private boolean refuses() {
        try (Turns.Turn other = turns.take()) {
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    private interface Waiting {
        void run() throws InterruptedException;
    }

    private static CompletableFuture<Void> run(Waiting body) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                body.run();
                done.complete(null);
            } catch (InterruptedException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }
}
