package dev.kiln.demo.train;

import java.io.PrintWriter;
import java.util.Locale;

/** Tells how training goes: a line now and then with the loss as a bar, and a summary. */
final class TrainReport implements TrainDemo.Listener {
    private static final int WIDTH = 40;

    private final PrintWriter to;
    private final int steps;
    private final int every;
    private double first = Double.NaN;

    TrainReport(PrintWriter to, int steps, int every) {
        this.to = to;
        this.steps = steps;
        this.every = every;
    }

    void begin(Gpt.Settings model, Corpus corpus, int batch) {
        say("Training a GPT of %d layers, width %d, %d heads on %,d letters of source text (%,d held out).", model.layers(),
            model.width(), model.heads(), corpus.learned().length, corpus.heldOut().length);
        say("%d steps of %d passages of %d letters; the first one compiles forward, backward and optimizer.", steps, batch,
            model.context());
    }

    @Override
    public void stepped(int step, double loss, double millis) {
        if (step == 0) {
            first = loss;
        }
        if (step % every == 0 || step == steps - 1) {
            int bar = (int) Math.round(WIDTH * Math.min(1, loss / first));
            say("  step %4d  loss %.3f  %s %s", step, loss, "#".repeat(Math.max(0, bar)), duration(millis));
        }
    }

    private void say(String format, Object... values) {
        to.println(String.format(Locale.ROOT, format, values));
        to.flush();
    }

    private static String duration(double millis) {
        return String.format(Locale.ROOT, millis < 1000 ? "%.1f ms" : "%.2f s", millis < 1000 ? millis : millis / 1000);
    }

    static String text(TrainDemo.Result r) {
        return String.format(Locale.ROOT, """
            %,d parameters; ready and first step done after %s (%s); %s a step.
            Loss %.3f -> %.3f in %d steps; on text it has never seen: loss %.3f, %.1f %% of all letters predicted right.""",
            r.parameters(), duration(r.readyMillis()), r.warm() ? "from the cache" : "compiled", duration(r.stepMillis()),
            r.firstLoss(), r.lastLoss(), r.steps(), r.heldOutLoss(), 100 * r.accuracy());
    }
}
