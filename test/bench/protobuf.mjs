// Objects in Kubernetes' protobuf, by hand: what a typed client sends.
const varint = value => {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}
const field = (number, value) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}
const metadataOf = ({ metadata }) => field(1, field(1, metadata.name))

/** The parts of a message after its metadata, by kind. */
const PARTS = {
  ConfigMap: ({ data }) =>
    Object.entries(data).map(([key, value]) => field(2, Buffer.concat([field(1, key), field(2, value)]))),
  Pod: ({ spec }) => {
    const containers = spec.containers.map(({ name, image }) =>
      field(2, Buffer.concat([field(1, name), field(2, image)])),
    )
    return [field(2, Buffer.concat([...containers, field(19, spec.schedulerName)]))]
  },
}

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'
/** @returns an object of group "" in the envelope that goes over the wire */
export const protobuf = object => {
  const message = Buffer.concat([metadataOf(object), ...PARTS[object.kind](object)])
  const type = Buffer.concat([field(1, object.apiVersion), field(2, object.kind)])
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, message)])
}
