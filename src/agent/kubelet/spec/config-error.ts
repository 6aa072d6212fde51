// A container that cannot be made of its spec: shown as a waiting reason, and tried again later.

export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError'
}
