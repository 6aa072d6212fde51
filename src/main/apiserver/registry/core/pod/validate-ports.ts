// Ports of containers.
import type { Container, ContainerPort } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, duplicate, invalidValue, required } from '../../../../../shared/machinery/field-error.ts'
import { portName, portNumber } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { obey, oneOf } from '../../support/rules.ts'

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** A port by number or by name; none is the number 0. */
export const portRef = (path: string, port: number | string = 0): FieldError[] =>
  typeof port === 'number' ? obey(path, port, portNumber) : obey(path, port, portName)

export function validateContainerPorts(path: string, ports: readonly ContainerPort[] | undefined): FieldError[] {
  if (!ports?.length) return []
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (port.name) {
      const wrong = obey(`${at}.name`, port.name, portName)
      if (wrong.length > 0) errors.push(...wrong)
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      else names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else errors.push(...obey(`${at}.containerPort`, port.containerPort, portNumber))
    if (port.hostPort) errors.push(...obey(`${at}.hostPort`, port.hostPort, portNumber))
    errors.push(...oneOf(`${at}.protocol`, port.protocol, PROTOCOLS))
    return errors
  })
}

/** No two containers of a pod may take the same port of the host. */
export function hostPortConflicts(path: string, containers: readonly Container[]): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap((container, i) =>
    list(container.ports).flatMap((port, j) => {
      if (!port.hostPort) return []
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(key)) return [duplicate(`${path}[${i}].ports[${j}].hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

/** On the host's network a container port is a host port. Templates get their host ports only as pods. */
export const hostNetworkPorts = (path: string, containers: readonly Container[], isPod: boolean): FieldError[] =>
  containers.flatMap((container, i) =>
    list(container.ports).flatMap(({ hostPort = 0, containerPort = 0 }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [
            invalidValue(
              `${path}[${i}].ports[${j}].hostPort`,
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ]
        : [],
    ),
  )
