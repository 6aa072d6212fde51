// The container engine.
import { say } from '../../say.ts'
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
          what: say("The command docker is Podman's."),
          why: say(
            'The agent speaks to the Docker Engine, whose service keeps containers running; Podman has none that does.',
          ),
          how: canInstall
            ? say(
                'Remove the package podman-docker (Podman itself may stay), and add the host again: joining installs Docker beside Podman.',
              )
            : say(
                'Remove the package podman-docker (Podman itself may stay), install Docker as docs.docker.com/engine/install tells, and add the host again.',
              ),
        }),
      ]
    if (!tools.has('docker')) {
      const told = {
        what: say('Docker is not installed.'),
        why: say('Pods run in containers of Docker.'),
        how: canInstall
          ? say('Joining installs it from the packages of the distribution.')
          : say(
              'Joining cannot install it on {os}: do so by hand, as docs.docker.com/engine/install tells, and add the host again.',
              { os: os.name },
            ),
      }
      return [canInstall ? info('docker/missing', { ...told, fix: 'install-packages' }) : error('docker/missing', told)]
    }
    if (engine.version === '')
      return [
        info('docker/stopped', {
          what: engine.error
            ? say('Docker is installed but does not answer ({error}).', { error: engine.error })
            : say('Docker is installed but does not answer, and gives no reason.'),
          why: say('Pods run in containers of Docker.'),
          how: say('Joining starts it: systemctl enable --now docker.'),
          fix: 'start-docker',
        }),
      ]
    const findings = []
    if (Number(engine.version.split('.')[0]) < OLDEST)
      findings.push(
        error('docker/old', {
          what: say('Docker is version {version}.', { version: engine.version }),
          why: say('The agent needs the Engine API 1.41, which came with Docker 20.10.'),
          how: say('Upgrade Docker.'),
        }),
      )
    if (engine.isSnap)
      findings.push(
        error('docker/snap', {
          what: say('Docker comes from a snap.'),
          why: say('The snap keeps Docker from seeing folders of the host, which volumes need.'),
          how: say('snap remove docker, then add the host again: joining installs the package of the distribution.'),
        }),
      )
    if (engine.firewallBackend === 'nftables')
      findings.push(
        info('docker/firewall', {
          what: say("Docker's firewall backend is nftables."),
          why: say('Its tables drop what is forwarded to anything but its own containers, as pods are.'),
          how: say('The agent opens what pods need, and only that, and closes it again when the host is removed.'),
        }),
      )
    if (engine.isRootless)
      findings.push(
        error('docker/rootless', {
          what: say('The Docker that answers is rootless.'),
          why: say('Its containers live in a network of their own, which pods of other nodes cannot reach.'),
          how: say('Install the system-wide Docker beside it.'),
        }),
      )
    return findings
  },
}
