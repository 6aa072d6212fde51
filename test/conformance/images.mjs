// Images under the names that upstream's suite asks for, made from Debian's packages and the programs built here: no
// registry is needed, and pods find them on the node.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const E2E = 'registry.k8s.io/e2e-test-images'
const BASE = 'flotilla-conformance-base:9'
const PACKAGES = [
  ...['busybox', 'dnsutils', 'curl', 'netcat-openbsd', 'iproute2', 'iperf', 'util-linux', 'bash', 'nginx-light'],
  ...['ca-certificates', 'perl-base', 'procps', 'etcd-server', 'wget', 'stress'],
]

/** Applets that upstream's images replace by real programs. */
const FROM_PACKAGES = ['sh', 'nc', 'ip', 'nslookup', 'bash', 'ps', 'wget']

function sh(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${(stderr || stdout).slice(-800)}`)
  return stdout
}

/**
 * What each image is: a Dockerfile's lines after FROM, and the files beside it.
 * @param programs path of a built program; `sources`: the Kubernetes module
 */
function recipes({ path, sources }) {
  const agnhost = [
    'RUN mkdir -p /uploads && useradd -u 1000 user-defined-in-image && groupadd -g 50000 group-defined-in-image' +
      ' && usermod -aG group-defined-in-image user-defined-in-image',
    'COPY localhost.crt localhost.key agnhost /',
    'RUN ln -s agnhost /agnhost-2',
    'ENTRYPOINT ["/agnhost"]',
    'CMD ["pause"]',
  ]
  const porter = join(sources, 'test/images/agnhost/porter')
  const files = [path('agnhost'), join(porter, 'localhost.crt'), join(porter, 'localhost.key')]
  const page = name => ({
    from: `${E2E}/agnhost:2.63.0`,
    lines: [`COPY ${name}.jpg data.json /`, 'CMD ["test-webserver"]'],
    files: [`${name}.jpg`, 'data.json'].map(file => join(sources, 'test/images', name, 'html', file)),
    tags: [`${name}:1.8`],
  })
  const nginx = `CMD ["nginx", "-g", "daemon off;"]`
  return [
    { from: BASE, lines: agnhost, files, tags: ['agnhost:2.63.0', 'agnhost:2.55'] },
    { from: BASE, lines: ['CMD ["sh"]'], files: [], tags: ['busybox:1.37.0-1', 'ipc-utils:1.4', 'perl:5.26'] },
    { from: BASE, lines: ['CMD ["sh"]'], files: [], tags: ['glibc-dns-testing:2.0.0'] },
    { from: BASE, lines: ['EXPOSE 80', nginx], files: [], tags: ['nginx:1.15-4', 'nginx:1.27-0'] },
    { from: BASE, lines: ['USER 1234', 'CMD ["sh"]'], files: [], tags: ['nonroot:1.5'] },
    page('kitten'),
    page('nautilus'),
    {
      from: BASE,
      lines: ['COPY nnp /usr/local/bin/nnp', 'RUN chmod 6755 /usr/local/bin/nnp', 'CMD ["nnp"]'],
      files: [path('nnp')],
      tags: ['nonewprivs:1.4'],
    },
    {
      from: BASE,
      lines: ['COPY regression-issue-74839 /', 'ENTRYPOINT ["/regression-issue-74839"]'],
      files: [path('regression-issue-74839')],
      tags: ['regression-issue-74839:1.4'],
    },
    {
      from: BASE,
      lines: ['COPY consumer /', 'COPY consume-cpu /consume-cpu/', 'EXPOSE 8080', 'ENTRYPOINT ["/consumer"]'],
      files: [path('consumer'), path('consume-cpu')],
      tags: ['resource-consumer:1.14'],
    },
    {
      from: BASE,
      lines: [
        'COPY sample-device-plugin /sampledeviceplugin',
        'ENTRYPOINT ["/sampledeviceplugin", "-alsologtostderr"]',
      ],
      files: [path('sample-device-plugin')],
      tags: ['sample-device-plugin:1.7'],
    },
    {
      from: BASE,
      lines: ['COPY sample-apiserver /sample-apiserver', 'ENTRYPOINT ["/sample-apiserver"]'],
      files: [path('sample-apiserver')],
      tags: ['sample-apiserver:1.29.2'],
    },
    {
      from: BASE,
      lines: ['RUN ln -s /usr/bin/etcd /usr/local/bin/etcd', 'CMD ["etcd"]'],
      files: [],
      tags: ['registry.k8s.io/etcd:3.6.8-0'],
    },
    {
      from: BASE,
      lines: ['COPY agnhost /pause', 'ENTRYPOINT ["/pause", "pause"]'],
      files: [path('agnhost')],
      tags: ['registry.k8s.io/pause:3.10.2'],
    },
  ]
}

const MADE_FROM = 'flotilla.dev/conformance-base'
const labelOf = tag =>
  spawnSync('docker', ['image', 'inspect', '-f', `{{index .Config.Labels "${MADE_FROM}"}}`, tag], { encoding: 'utf8' })
const has = tag => labelOf(tag).stdout.trim() === BASE
const full = tag => (tag.startsWith('registry.') ? tag : `${E2E}/${tag}`)

/** A small Debian whose shell tools are busybox's, as in upstream's Alpine images. */
function ensureBase(say, cache) {
  if (has(BASE)) return
  const archive = join(cache, `${BASE.replace(':', '-')}.tar`)
  if (!existsSync(archive)) {
    say('building the base of the images (once)')
    const work = mkdtempSync(join(tmpdir(), 'flotilla-rootfs-'))
    try {
      const root = join(work, 'rootfs')
      sh('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, 'bookworm', root])
      // Busybox first on the path: the tests' commands are written for its tools.
      mkdirSync(join(root, 'usr/local/busybox'), { recursive: true })
      sh('chroot', [root, '/bin/busybox', '--install', '-s', '/usr/local/busybox'])
      for (const applet of FROM_PACKAGES) rmSync(join(root, 'usr/local/busybox', applet), { force: true })
      // Some commands name /bin: what Debian keeps elsewhere, or does not have, is busybox's. It leaves what is there.
      spawnSync('chroot', [root, '/bin/busybox', '--install', '-s', '/bin'], { stdio: 'ignore' })
      // Scripts name /bin/sh, too; shells other than bash drop variables that are no identifiers.
      rmSync(join(root, 'bin/sh'))
      symlinkSync('bash', join(root, 'bin/sh'))
      sh('tar', ['-C', root, '-cf', `${archive}.part`, '.'])
      sh('mv', [`${archive}.part`, archive])
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/local/busybox:/usr/sbin:/usr/bin:/sbin:/bin'
  sh('docker', ['import', '--change', path, '--change', `LABEL ${MADE_FROM}=${BASE}`, archive, BASE])
}

/** Makes every image that is not there. */
export function ensureImages(programs, cache, say) {
  ensureBase(say, cache)
  for (const { from, lines, files, tags } of recipes(programs)) {
    const missing = tags.map(full).filter(tag => !has(tag))
    if (missing.length === 0) continue
    say(`making ${missing.join(', ')}`)
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
    try {
      for (const file of files) copyFileSync(file, join(folder, file.slice(file.lastIndexOf('/') + 1)))
      writeFileSync(join(folder, 'Dockerfile'), `FROM ${from}\n${lines.join('\n')}\n`)
      sh('docker', ['build', '-q', '--network=none', ...missing.flatMap(tag => ['-t', tag]), folder])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
