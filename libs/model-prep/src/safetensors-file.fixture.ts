/** A safetensors file from the text of its header, whatever it says, and a number of data bytes. */
export function safetensorsFile(header: string | Uint8Array, dataBytes = 0, length?: bigint): ArrayBuffer {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.byteLength), true);
  file.set(text, 8);
  return file.buffer;
}
