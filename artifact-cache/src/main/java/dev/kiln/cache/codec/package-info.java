/**
 * How records become bytes: an {@link dev.kiln.cache.codec.Envelope} that is checked first, around a Kryo
 * stream that is read by hand-written serializers only.
 */
package dev.kiln.cache.codec;
