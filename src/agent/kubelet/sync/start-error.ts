// Why a container could not be started: shown as its waiting reason.

export class StartError extends Error {
  override readonly name = 'StartError'
  /** `ErrImagePull`, `CreateContainerConfigError`, `RunContainerError`, … */
  readonly reason: string
  /** When it is worth trying again; undefined = with the next regular attempt. */
  readonly retryMs: number | undefined

  constructor(reason: string, message: string, retryMs?: number) {
    super(message)
    this.reason = reason
    this.retryMs = retryMs
  }
}
