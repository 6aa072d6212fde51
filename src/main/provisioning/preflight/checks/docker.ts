// The container engine.
import { type Check, error, info } from '../contract.ts'

const OLDEST = 20

export const docker: Check = {
  name: 'docker',
  look({ docker: engine, tools, os }) {
    // Of those that use dnf, only Fedora has Docker among its own packages.
    const canInstall = tools.has('apt-get') || (tools.has('dnf') && os.id === 'fedora')
    if (engine.isPodman)
      return [
        error('docker/podman', {
          what: "The command docker is Podman's.",
          why: 'The agent speaks to the Docker Engine, whose service keeps containers running; Podman has none that does.',
          how:
            `Remove the package podman-docker (Podman itself may stay)${canInstall ? '' : ', install Docker as docs.docker.com/engine/install tells'}, ` +
            `and add the host again${canInstall ? ': joining installs Docker beside Podman' : ''}.`,
        }),
      ]
    if (!tools.has('docker')) {
      const told = {
        what: 'Docker is not installed.',
        why: 'Pods run in containers of Docker.',
        how: canInstall
          ? 'Joining installs it from the packages of the distribution.'
          : `Joining cannot install it on ${os.name}: do so by hand, as docs.docker.com/engine/install tells, and add the host again.`,
      }
      return [canInstall ? info('docker/missing', { ...told, fix: 'install-packages' }) : error('docker/missing', told)]
    }
    if (engine.version === '')
      return [
        info('docker/stopped', {
          what: `Docker is installed but does not answer (${engine.error || 'no reason given'}).`,
          why: 'Pods run in containers of Docker.',
          how: 'Joining starts it: systemctl enable --now docker.',
          fix: 'start-docker',
        }),
      ]
    const findings = []
    if (Number(engine.version.split('.')[0]) < OLDEST)
      findings.push(
        error('docker/old', {
          what: `Docker is version ${engine.version}.`,
          why: 'The agent needs the Engine API 1.41, which came with Docker 20.10.',
          how: 'Upgrade Docker.',
        }),
      )
    if (engine.isSnap)
      findings.push(
        error('docker/snap', {
          what: 'Docker comes from a snap.',
          why: 'The snap keeps Docker from seeing folders of the host, which volumes need.',
          how: 'snap remove docker, then add the host again: joining installs the package of the distribution.',
        }),
      )
    if (engine.firewallBackend === 'nftables')
      findings.push(
        info('docker/firewall', {
          what: "Docker's firewall backend is nftables.",
          why: 'Its tables drop what is forwarded to anything but its own containers, as pods are.',
          how: 'The agent opens what pods need, and only that, and closes it again when the host is removed.',
        }),
      )
    if (engine.isRootless)
      findings.push(
        error('docker/rootless', {
          what: 'The Docker that answers is rootless.',
          why: 'Its containers live in a network of their own, which pods of other nodes cannot reach.',
          how: 'Install the system-wide Docker beside it.',
        }),
      )
    return findings
  },
}
