package dev.kiln.kernels.cpu;

import dev.kiln.ops.KilnException;

/** Native code for an instruction set that this CPU lacks was about to be loaded. */
public final class UnsupportedIsaException extends KilnException.BadInput {
    private static final long serialVersionUID = 1;

    private final Isa isa;

    UnsupportedIsaException(Isa isa, CpuInfo cpu, String missing) {
        super("this CPU (" + cpu.model() + ") lacks " + missing + " needed by --isa " + isa.cliName()
                + ": use --isa " + cpu.bestIsa().cliName());
        this.isa = isa;
    }

    /** The instruction set that was asked for. */
    public Isa isa() {
        return isa;
    }
}
