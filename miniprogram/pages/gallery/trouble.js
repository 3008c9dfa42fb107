// The messages of the gallery while the list cannot be loaded.

const { Failure } = require('../../lib/http')
const { closingWords } = require('../../lib/words')

/**
 * @param {unknown} error of the first page; null where there is none
 * @returns {{ text: string, action: string }} empty where a sheet has to tell it
 */
function bannerOf(error) {
  if (!(error instanceof Failure)) return { text: '', action: '' }
  const local = '这里只有本机上的画'
  switch (error.code) {
    case 'unreachable':
      return { text: '暂时连不上服务器，先看本机上的画', action: '重试' }
    case 'account_closing':
      return { text: `${closingWords(error.eraseAt).title}，${local}`, action: '取消注销' }
    case 'session_ended':
      return { text: `这台设备已退出登录，${local}`, action: '登录' }
    case 'signed_out':
      return { text: `没有登录，${local}`, action: '登录' }
    default:
  }
  switch (error.kind) {
    case 'offline':
      return { text: '没有网络，先看本机上的画', action: '重试' }
    case 'wait':
      return { text: '服务器有点忙，先看本机上的画', action: '重试' }
    case 'signin':
      return { text: `登录没有成功，${local}`, action: '重试' }
    case 'blocked':
      return { text: `账号受限，${local}`, action: '' }
    default:
      return { text: '', action: '' }
  }
}

/** @param {unknown} error of a further page; null where there is none @returns {{ text: string, retry: boolean }} */
function footOf(error) {
  if (!error) return { text: '', retry: false }
  const failure = error instanceof Failure ? error : new Failure('fault')
  const why = failure.code === 'unreachable' ? '暂时连不上服务器' : failure.kind === 'offline' ? '没有网络' : '后面的画没能读取'
  return { text: `${why}，点这里再试`, retry: true }
}

module.exports = { bannerOf, footOf }
