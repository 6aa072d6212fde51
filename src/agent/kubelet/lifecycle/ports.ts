// Ports in probes and hooks: a number, or the name of a port of the container.
import type { Container } from '../../../shared/api/core/v1.ts'

/** @throws Error when the container has no such port */
export function portOf(container: Container, port: string | number): number {
  const number = Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  const named = container.ports?.find(({ name }) => name === port)
  if (!named) throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ${container.name}`)
  return named.containerPort
}
