package dev.kiln.pipeline.events;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;

/** Passes events by reference; they never leave the process. */
public final class EventCodec implements MessageCodec<CompileEvent, CompileEvent> {
    private static final String NAME = "kiln.events";

    private EventCodec() {
    }

    /** Makes a bus carry every type of event. */
    public static void install(EventBus bus) {
        bus.registerCodec(new EventCodec());
        bus.codecSelector(body -> body instanceof CompileEvent ? NAME : null);
    }

    @Override
    public CompileEvent transform(CompileEvent event) {
        return event;
    }

    @Override
    public void encodeToWire(Buffer buffer, CompileEvent event) {
        throw new UnsupportedOperationException("compile events stay in their process");
    }

    @Override
    public CompileEvent decodeFromWire(int position, Buffer buffer) {
        throw new UnsupportedOperationException("compile events stay in their process");
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public byte systemCodecID() {
        return -1;
    }
}
