// Parses `--listen HOST:PORT`.
import { UsageError } from '../process/usage-error.ts'

export interface ListenAddress {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
}

/** Accepts `127.0.0.1:6443`, `[::1]:6443`, `0.0.0.0:6443`, `name:0`. @throws UsageError */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (!host || port > 65_535) throw new UsageError(`--listen wants HOST:PORT such as 127.0.0.1:6443, not "${text}"`)
  return { host, port }
}
