package dev.kiln.ops.metadata;

import dev.kiln.ops.Device;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * A device as PyTorch writes it: {@code cpu}, {@code cuda:1}.
 *
 * @param index -1 is the type's current device, and always the CPU's
 */
public record DeviceMetadata(Device type, int index) {
    public static final DeviceMetadata CPU = new DeviceMetadata(Device.CPU, -1);

    public static Optional<DeviceMetadata> parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        String number = colon < 0 ? "-1" : text.substring(colon + 1);
        return number.matches("-1|\\d{1,4}") ? Arrays.stream(Device.values())
            .filter(d -> d.name().toLowerCase(Locale.ROOT).equals(name)).findFirst()
            .map(d -> new DeviceMetadata(d, Integer.parseInt(number))) : Optional.empty();
    }

    @Override
    public String toString() {
        return index < 0 ? type.toString() : type + ":" + index;
    }
}
