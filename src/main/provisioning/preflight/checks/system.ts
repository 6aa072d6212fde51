// The operating system and the machine under it.
import { say } from '../../say.ts'
import { type Check, error, info, warning } from '../contract.ts'

const atLeast = (version: string, wanted: readonly number[]): boolean => {
  const parts = version.split(/[.-]/).map(Number)
  for (const [i, want] of wanted.entries()) {
    const part = parts[i] ?? 0
    if (part !== want) return part > want
  }
  return true
}

export const architecture: Check = {
  name: 'architecture',
  look: ({ architecture: arch }) =>
    arch === 'amd64' || arch === 'arm64'
      ? []
      : [
          error('system/architecture', {
            what: say('The processor is {architecture}.', { architecture: arch || '?' }),
            why: say('The agent is built for amd64 and arm64.'),
            how: say('Use a 64-bit x86 or ARM machine.'),
          }),
        ],
}

export const kernel: Check = {
  name: 'kernel',
  look: ({ kernel: version }) =>
    atLeast(version, [5, 4])
      ? []
      : [
          error('system/kernel', {
            what: say('The kernel is {version}.', { version }),
            why: say('Services use nftables maps that kernels before 5.4 do not have.'),
            how: say('Upgrade the distribution to one with Linux 5.4 or newer.'),
          }),
        ],
}

export const libc: Check = {
  name: 'libc',
  look: ({ glibc, os }) =>
    glibc && atLeast(glibc, [2, 28])
      ? []
      : [
          error('system/libc', {
            what: glibc
              ? say('The C library is glibc {version}.', { version: glibc })
              : say('{os} does not use glibc.', { os: os.name }),
            why: say("The agent's runtime needs glibc 2.28 or newer; musl (Alpine) does not run it."),
            how: say('Use Debian 10, Ubuntu 20.04, RHEL 8, Fedora, or newer.'),
          }),
        ],
}

export const systemd: Check = {
  name: 'systemd',
  look: facts =>
    facts.systemd
      ? []
      : [
          error('system/systemd', {
            what: say('systemd does not run this host.'),
            why: say(
              'The agent is a systemd service, so that it starts with the host and is started again when it fails.',
            ),
            how: say('Use a distribution with systemd.'),
          }),
        ],
}

export const privileges: Check = {
  name: 'privileges',
  look: ({ isRoot }) =>
    isRoot
      ? []
      : [
          error('system/privileges', {
            what: say('The checks did not run as root.'),
            why: say('The agent makes network links and rules, which only root may.'),
            how: say('Log in as root or as a user who may use sudo.'),
          }),
        ],
}

export const cgroups: Check = {
  name: 'cgroups',
  look({ cgroupVersion, cgroupControllers }) {
    if (cgroupVersion === undefined)
      return [
        error('system/cgroup', {
          what: say('No control groups are mounted at /sys/fs/cgroup.'),
          why: say('Docker cannot start containers without them.'),
          how: say('Boot with systemd, which mounts them, or use a kernel that has them.'),
        }),
      ]
    const missing = ['memory', 'cpu', 'pids'].filter(controller => !cgroupControllers.has(controller))
    return [
      ...(missing.length > 0
        ? [
            warning('system/cgroup-controllers', {
              what: say('The kernel does not limit {controllers}: these control groups are off.', {
                controllers: missing.join(', '),
              }),
              why: say(
                'Limits of pods have no effect there: one pod can take everything from the others and the host.',
              ),
              how: missing.includes('memory')
                ? say(
                    'Add "cgroup_enable=memory cgroup_memory=1" to the kernel\'s parameters (Raspberry Pi: /boot/firmware/cmdline.txt), and reboot.',
                  )
                : say('Use a kernel that has them; the ones of distributions do.'),
            }),
          ]
        : []),
      ...(cgroupVersion === 1
        ? [
            info('system/cgroup-v1', {
              what: say('The host uses control groups of version 1.'),
              why: say(
                'Limits work, but the pressure on processors, memory and disks is not told; newer releases of systemd have only version 2.',
              ),
              how: say('Nothing has to be done. To change it: boot with systemd.unified_cgroup_hierarchy=1.'),
            }),
          ]
        : []),
    ]
  },
}

export const apparmor: Check = {
  name: 'apparmor',
  look: ({ apparmor: isOn, tools }) =>
    isOn && !tools.has('apparmor_parser')
      ? [
          info('system/apparmor', {
            what: say('AppArmor is on, and the program that loads its profiles (apparmor_parser) is missing.'),
            why: say(
              'Docker runs containers without its AppArmor profile then, and pods that ask for one do not get it.',
            ),
            how: say('Install the package apparmor, and restart Docker.'),
          }),
        ]
      : [],
}

const GIB = 1024 ** 3

export const disk: Check = {
  name: 'disk',
  look({ diskFreeBytes }) {
    const gib = (bytes: number) => (bytes / GIB).toFixed(1)
    const need: Readonly<Record<string, number>> = { '/opt': 0.2 * GIB, '/var/lib': GIB }
    return Object.entries(need).flatMap(([path, bytes]) => {
      const free = diskFreeBytes[path] ?? diskFreeBytes['/'] ?? 0
      if (free >= bytes) return []
      return [
        error('system/disk', {
          what: say('{path} has {free} GiB free, and {needed} GiB are needed.', {
            path,
            free: gib(free),
            needed: gib(bytes),
          }),
          why: say('The agent and the images of pods are kept there.'),
          how: say('Free some space, for instance with "docker system prune" or "journalctl --vacuum-size=200M".'),
        }),
      ]
    })
  },
}

export const memory: Check = {
  name: 'memory',
  look: ({ memoryBytes }) =>
    memoryBytes >= 0.9 * GIB
      ? []
      : [
          warning('system/memory', {
            what: say('The host has {memory} GiB of memory.', { memory: (memoryBytes / GIB).toFixed(1) }),
            why: say('Docker and the agent take about 200 MiB: little is left for pods.'),
            how: say('Give the machine 1 GiB or more.'),
          }),
        ],
}

export const swap: Check = {
  name: 'swap',
  look: ({ swaps }) =>
    swaps === 0
      ? []
      : [
          info('system/swap', {
            what: say('Swap is on.'),
            why: say('Pods may be slowed down by swapping instead of being ended; nothing else depends on it.'),
            how: say('Nothing has to be done. To turn it off: swapoff -a, and take swap out of /etc/fstab.'),
          }),
        ],
}

export const identity: Check = {
  name: 'identity',
  look({ machineID, hostname }, { hosts, nodes, nodeName }) {
    const twin = machineID && nodes.find(node => node.machineID === machineID && node.name !== nodeName)
    const sameHost = machineID && hosts.find(host => host.machineID === machineID)
    const namesake = nodes.find(node => node.name === nodeName && node.machineID && node.machineID !== machineID)
    const rival = hosts.find(host => host.nodeName === nodeName && host !== sameHost)
    return [
      ...(sameHost
        ? [
            error('system/same-host', {
              what: say('The host {other} has the same machine-id ({id}).', { other: sameHost.name, id: machineID }),
              why: say('Either it is the same machine, added twice, or one was cloned from the other.'),
              how: say('If it is the same: flotilla node remove --forget with the name of this one.').and(
                say('If it is another machine: rm /etc/machine-id && systemd-machine-id-setup, then reboot it.'),
              ),
            }),
          ]
        : []),
      ...(twin
        ? [
            error('system/machine-id', {
              what: say('The node {other} has the same machine-id ({id}).', { other: twin.name, id: machineID }),
              why: say(
                'Either it is the same machine, or one was cloned from the other; cloned ids mix up logs and leases.',
              ),
              how: say('If it is another machine: rm /etc/machine-id && systemd-machine-id-setup, then reboot it.'),
            }),
          ]
        : []),
      ...(namesake || rival
        ? [
            error('system/hostname', {
              what: rival
                ? say('The host {other} is the node {node}, or becomes it.', { other: rival.name, node: nodeName })
                : say('Another machine is already the node {node}.', { node: nodeName }),
              why: say('Nodes are told apart by name.'),
              how: say(
                'Add this one again with another name (flotilla node add … --node-name NAME; in the window node-name=NAME behind its address), or rename the host ({hostname}).',
                { hostname },
              ),
            }),
          ]
        : []),
    ]
  },
}
