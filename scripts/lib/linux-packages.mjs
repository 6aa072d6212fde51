// Deb and rpm out of the packed folder, by dpkg-deb and rpmbuild alone. Neither runs a script when it is installed: all
// that it does is in its files.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

const ARCHES = { x64: { deb: 'amd64', rpm: 'x86_64' }, arm64: { deb: 'arm64', rpm: 'aarch64' } }
/** What Chromium loads that it does not bring along. */
export const NEEDS = {
  deb: 'libgtk-3-0, libnss3, libasound2, libgbm1, libatspi2.0-0, libsecret-1-0, libxss1, libxtst6, xdg-utils',
  rpm: 'gtk3 nss alsa-lib mesa-libgbm at-spi2-core libsecret libXScrnSaver libXtst xdg-utils',
}
const { name, version, description, license, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const summary = 'A Kubernetes that lives in a desktop app'

const desktopEntry = `[Desktop Entry]
Type=Application
Name=Flotilla
Comment=${summary}
Exec=/opt/Flotilla/flotilla %U
Icon=flotilla
Terminal=false
StartupWMClass=Flotilla
MimeType=x-scheme-handler/flotilla;
Categories=Development;
`

/** The files as they will lie on the user's machine. */
function layOut(tree, unpacked, kind) {
  const app = join(tree, 'opt/Flotilla')
  cpSync(unpacked, app, { recursive: true, verbatimSymlinks: true })
  // Where user namespaces are closed to it, Chromium's sandbox needs its helper; where they are not, it passes it over.
  chmodSync(join(app, 'chrome-sandbox'), 0o4755)
  writeFileSync(join(app, 'resources/package-type'), kind)
  const put = (path, content) => {
    mkdirSync(join(tree, path, '..'), { recursive: true })
    writeFileSync(join(tree, path), content)
  }
  put('usr/share/applications/flotilla.desktop', desktopEntry)
  put('usr/share/icons/hicolor/scalable/apps/flotilla.svg', readFileSync(join(root, 'resources/icon.svg')))
  put('usr/share/icons/hicolor/512x512/apps/flotilla.png', readFileSync(join(root, 'resources/icon.png')))
  put('usr/share/doc/flotilla/copyright', readFileSync(join(root, 'LICENSE')))
  mkdirSync(join(tree, 'usr/bin'), { recursive: true })
  symlinkSync('/opt/Flotilla/flotilla', join(tree, 'usr/bin/flotilla'))
}

function must(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 })
  if (error?.code === 'ENOENT') throw new Error(`${command} is not on this machine`)
  if (status !== 0) throw new Error(`${command}: ${stderr || error?.message}`)
}

function inScratch(work) {
  const scratch = mkdtempSync(join(tmpdir(), 'flotilla-package-'))
  try {
    return work(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** @returns the file's name in `out` */
export function makeDeb(unpacked, out) {
  return inScratch(scratch => {
    const tree = join(scratch, 'tree')
    layOut(tree, unpacked, 'deb')
    const arch = ARCHES[process.arch].deb
    mkdirSync(join(tree, 'DEBIAN'))
    const control = {
      Package: name,
      Version: version,
      Architecture: arch,
      Maintainer: 'Flotilla',
      Section: 'devel',
      Priority: 'optional',
      Depends: NEEDS.deb,
      ...(homepage ? { Homepage: homepage } : {}),
      Description: `${summary}\n ${description}`,
    }
    const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`)
    writeFileSync(join(tree, 'DEBIAN/control'), lines.join(''))
    const file = `flotilla_${version}_${arch}.deb`
    must('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', tree, join(out, file)])
    return file
  })
}

/** @returns the file's name in `out` */
export function makeRpm(unpacked, out) {
  return inScratch(scratch => {
    const tree = join(scratch, 'tree')
    layOut(tree, unpacked, 'rpm')
    const arch = ARCHES[process.arch].rpm
    const spec = `%global _build_id_links none
%global __os_install_post %{nil}
%global _binary_payload w7.zstdio
Name: ${name}
Version: ${version}
Release: 1
Summary: ${summary}
License: ${license}
${homepage ? `URL: ${homepage}\n` : ''}AutoReqProv: no
${NEEDS.rpm
  .split(' ')
  .map(need => `Requires: ${need}`)
  .join('\n')}
%description
${description}
%install
mkdir -p %{buildroot}
cp -a ${tree}/. %{buildroot}/
%files
%defattr(-,root,root)
/opt/Flotilla
%attr(4755,root,root) /opt/Flotilla/chrome-sandbox
/usr/bin/flotilla
/usr/share/applications/flotilla.desktop
/usr/share/icons/hicolor/*/apps/flotilla.*
/usr/share/doc/flotilla
`
    writeFileSync(join(scratch, 'flotilla.spec'), spec)
    must('rpmbuild', [
      '-bb',
      `--target=${arch}`,
      '--define',
      `_topdir ${join(scratch, 'rpm')}`,
      '--define',
      `_rpmdir ${scratch}`,
      join(scratch, 'flotilla.spec'),
    ])
    const file = `flotilla-${version}-1.${arch}.rpm`
    cpSync(join(scratch, arch, file), join(out, file))
    return file
  })
}
