package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ScanOp;
import java.util.List;
import java.util.function.Function;

/** Writes a running fold: lines in parallel, each in order; f32 is accumulated in f64, as in PyTorch. */
final class ScanKernel extends NodeKernel<LoopNode.Scan> {
    ScanKernel(LoopNode.Scan node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    @Override
    String write() {
        StringBuilder body = new StringBuilder("  for (int64_t row = begin; row < end; row++) {\n");
        body.append(LineLoops.decode(node.sizes(), names, "    "));
        body.append(start());
        body.append("    for (int64_t r0 = 0; r0 < ").append(names.index().print(node.count())).append("; r0++) {\n");
        String value = LineLoops.writer(body, "      ", names).write(node.body());
        body.append(step(value));
        String target = names.target(node.output().name()) + "[" + names.index().print(node.store()) + "]";
        body.append("      ").append(target).append(" = ").append(result()).append(";\n    }\n  }\n");
        return LineLoops.kernel(names, symbols, body.toString(), node.sizes(), node.count().times(4));
    }

    private boolean places() {
        return node.op() == ScanOp.ARGMAX || node.op() == ScanOp.ARGMIN;
    }

    private String accumulator() {
        DType dtype = node.body().dtype();
        return places() ? CTypes.computed(dtype)
            : !dtype.isFloating() ? "int64_t" : dtype.isReduced() && node.op() != ScanOp.LOG_SUM_EXP ? "float" : "double";
    }

    private String start() {
        String first = switch (node.op()) {
            case SUM, ARGMAX, ARGMIN -> "0";
            case PROD -> "1";
            case LOG_SUM_EXP -> "-KILN_INFINITY";
        };
        return "    " + accumulator() + " sum = " + first + ";\n" + (places() ? "    int64_t at = 0;\n" : "");
    }

    /** Of equal extremes the last counts; once a NaN has been seen, only NaNs do. */
    private String step(String x) {
        return switch (node.op()) {
            case SUM -> integral() ? "      sum = (int64_t)((uint64_t)sum + (uint64_t)" + x + ");\n"
                : "      sum += " + x + ";\n";
            case PROD -> integral() ? "      sum = (int64_t)((uint64_t)sum * (uint64_t)" + x + ");\n"
                : "      sum *= " + x + ";\n";
            case LOG_SUM_EXP -> "      sum = kiln_log_add_exp(sum, " + x + ");\n";
            case ARGMAX, ARGMIN -> "      if (r0 == 0 || " + x + " != " + x + " || (sum == sum && " + x
                + (node.op() == ScanOp.ARGMAX ? " >= " : " <= ") + "sum)) { sum = " + x + "; at = r0; }\n";
        };
    }

    private boolean integral() {
        return !node.body().dtype().isFloating();
    }

    private String result() {
        DType dtype = node.output().dtype();
        return places() ? "at" : dtype == DType.BOOL ? "sum != 0"
            : dtype.isReduced() ? CTypes.storing("(float)sum", dtype) : "(" + CTypes.stored(dtype) + ")sum";
    }
}
