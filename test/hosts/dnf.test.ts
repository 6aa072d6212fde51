// A host whose packages dnf manages, with the names that Fedora gives them; and the rpm of the app on it. No repository of Fedora's is reached from
// here: the packages are made on the host, by rpmbuild, of what Debian's hold; dnf and rpm are real.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { HostLab, type LabHost } from './lab/lab.ts'
import { HostsControlPlane } from './support/control-plane.ts'

/** By Fedora's name, with what is put into them. */
const PACKAGES = { 'moby-engine': 'docker.io containerd runc', 'conntrack-tools': 'conntrack' }
const REPOSITORY = '/srv/packages'

const specOf = (name: string) => `
%global debug_package %{nil}
%global __os_install_post %{nil}
%define _build_id_links none
%define _binary_payload w1.gzdio
Name: ${name}
Version: 1
Release: 1
Summary: ${name}
License: none
AutoReqProv: no
%description
${name}
%pre
[ ${name} != moby-engine ] || getent group docker >/dev/null || groupadd --system docker
%post
systemctl daemon-reload
%postun
systemctl daemon-reload
%files -f /tmp/${name}.files
`

/** Debian's package manager goes out of sight. */
const TURN = `
set -e
export DEBIAN_FRONTEND=noninteractive
systemctl disable --now docker.service docker.socket containerd.service
apt-get update -qq
apt-get install -y -qq --no-install-recommends dnf rpm createrepo-c >/dev/null
mkdir -p ${REPOSITORY}
# Scripts of packages want a shell that the database knows of.
printf 'Name: bash\\nVersion: 1\\nRelease: 1\\nSummary: bash\\nLicense: none\\nProvides: /bin/sh\\n%%description\\nbash\\n%%files\\n' > /tmp/bash.spec
rpmbuild -bb --quiet --define '_rpmdir /tmp/rpm' /tmp/bash.spec
rpm --install /tmp/rpm/*/*.rpm
${Object.entries(PACKAGES)
  .map(
    ([name, debian]) => `
dpkg -L ${debian} | sort -u | grep -v ^/etc | while read -r path; do [ -d "$path" ] || echo "$path"; done > /tmp/${name}.files
mkdir -p /tmp/${name}
tar -C / -cf - --files-from /tmp/${name}.files 2>/dev/null | tar -C /tmp/${name} -xf -
rpmbuild -bb --quiet --buildroot /tmp/${name} --define '_rpmdir ${REPOSITORY}' /tmp/${name}.spec`,
  )
  .join('\n')}
apt-get purge -y -qq ${Object.values(PACKAGES).join(' ')} >/dev/null
rm -rf /var/lib/docker/* /var/lib/containerd/* /etc/docker /etc/cni /opt/containerd /tmp/*
getent group docker >/dev/null && groupdel docker
createrepo_c --quiet ${REPOSITORY}
mkdir -p /etc/yum.repos.d
printf '[lab]\\nname=lab\\nbaseurl=file://${REPOSITORY}\\ngpgcheck=0\\n' > /etc/yum.repos.d/lab.repo
mv /usr/bin/apt-get /usr/bin/apt-get.away
rm /etc/os-release
printf 'NAME="Fedora Linux"\\nID=fedora\\nVERSION_ID=42\\nPRETTY_NAME="Fedora Linux 42"\\n' > /etc/os-release
# What its first use leaves behind.
dnf -q -y install conntrack-tools && dnf -q -y remove conntrack-tools
`

/** The host has it, too. */
const shared = mkdtempSync(join(tmpdir(), 'flotilla-rpm-'))
let lab: HostLab
let host: LabHost
let plane: HostsControlPlane
let before: string

/** The packages made here do not own the folders of their documentation. */
const picture = () => {
  const files = host
    .picture()
    .split('\n')
    .filter(line => !/^d.* \/usr\/share\//.test(line))
  return [...files, host.sh("rpm -qa --qf '%{NAME}\\n' | sort")].join('\n')
}

beforeAll(async () => {
  lab = await HostLab.start()
  host = await lab.host('fedora', { docker: true, shared })
  for (const name of Object.keys(PACKAGES)) host.write(`/tmp/${name}.spec`, specOf(name))
  host.sh(TURN)
  // Without what Debian's Docker had set up.
  await host.reboot()
  plane = await HostsControlPlane.start(lab, [host])
  await plane.addHost(host)
  before = picture()
}, 300_000)
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
  rmSync(shared, { recursive: true, force: true })
})

test('joining installs what is missing by the names of its distribution, and ends with a Ready node', async () => {
  const status = await plane.operate('fedora', 'Join')
  expect(status, status.message).toMatchObject({ phase: 'Succeeded' })
  const changes = status.plan?.flatMap(item => item.changes)
  expect(changes).toContain('install the packages moby-engine, conntrack-tools and what they depend on')
  await eventually(() => plane.isNodeReady('fedora'), 60_000)
  expect(host.sh("rpm -q --qf '%{NAME} ' moby-engine conntrack-tools; docker info >/dev/null && echo works")).toBe(
    'moby-engine conntrack-tools works',
  )
})

test('removed, the packages are gone with it, and the host is as it was before', async () => {
  const status = await plane.operate('fedora', 'Remove')
  expect(status, status.message).toMatchObject({ phase: 'Succeeded' })
  expect(picture()).toBe(before)
})

test('the rpm of the app is made, installed as root’s with a link to it and its entry in menus, and leaves nothing behind', () => {
  // A small folder stands for the packed app; rpmbuild is the host's, on paths that are the same there.
  const put = (path: string, text: string, mode?: number) => {
    mkdirSync(dirname(join(shared, path)), { recursive: true })
    writeFileSync(join(shared, path), text, { mode })
  }
  host.sh(`mkdir -p ${dirname(shared)}; ln -s /shared ${shared}`)
  for (const name of ['flotilla', 'chrome-sandbox']) put(`app/${name}`, '#!/bin/sh\n', 0o755)
  put('app/resources/app.asar', 'the app')
  put('bin/rpmbuild', `#!/bin/sh\nexec docker exec ${host.container} rpmbuild "$@"\n`, 0o755)
  const module = join(import.meta.dirname, '../../scripts/lib/linux-packages.mjs')
  const script = `const { makeRpm } = await import(${JSON.stringify(module)})
    process.stdout.write(makeRpm(...process.argv.slice(1)))`
  const name = execFileSync(process.execPath, ['--input-type=module', '-e', script, join(shared, 'app'), shared], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(shared, 'bin')}:${process.env.PATH}`, TMPDIR: shared },
  })

  const ours = () => host.sh("find /opt /usr /etc -name '*lotilla*' | sort")
  const before = ours()
  expect(host.sh(`rpm -qp --requires /shared/${name}`).split('\n')).toContain('gtk3')
  expect(host.sh(`rpm -qp --scripts /shared/${name}`), 'it runs nothing').toBe('')
  // What it needs of Fedora is in no repository here.
  host.sh(`rpm --install --nodeps /shared/${name}`)
  expect(host.sh('stat -c "%a %U:%G" /opt/Flotilla/chrome-sandbox /opt/Flotilla/flotilla').split('\n')).toEqual([
    '4755 root:root',
    '755 root:root',
  ])
  expect(host.sh('readlink /usr/bin/flotilla; cat /opt/Flotilla/resources/package-type')).toBe(
    '/opt/Flotilla/flotilla\nrpm',
  )
  expect(host.sh('cat /usr/share/applications/flotilla.desktop')).toMatch(
    /^Exec=\/opt\/Flotilla\/flotilla %U$[^]*^MimeType=x-scheme-handler\/flotilla;$/m,
  )
  host.sh('rpm --verify --nodeps flotilla; rpm --erase flotilla')
  expect(ours()).toBe(before)
})
