// The texts of rooms.

const { visitorWords } = require('../../lib/words')

/** @type {Record<string, [icon: string, title: string, text: string]>} */
const ABSENT = {
  room_not_found: ['gone', '没有找到', '链接可能不完整，或者画已经不在了。'],
  room_banned: ['gone', '不能再进来了', '发起的人请你离开了这里。'],
  sharing_off: ['gone', '现在不能一起画', '这个功能没有开放。'],
  rooms_off: ['gone', '现在不能一起画', '这个功能没有开放。'],
  frozen: ['wait', '暂停中', '有人反映了问题，等工作人员看过再继续。'],
  room_frozen: ['wait', '暂停中', '有人反映了问题，等工作人员看过再继续。'],
  closed: ['gone', '已经结束', '发起的人结束了它。'],
}

/**
 * The words for a visitor while no picture can be shown.
 * @param {import('../../lib/http').Failure} failure
 */
function absentWords(failure) {
  return known(failure.code) || { ...visitorWords(failure), title: failure.kind === 'missing' ? '没有找到' : visitorWords(failure).title }
}

/** @param {string} code of a problem, or a state of the room */
function known(code) {
  const words = ABSENT[code]
  return words && { icon: words[0], title: words[1], text: words[2], again: false }
}

/** What a person is told when a change did not succeed; empty where the sheet of failures has better words. @type {Record<string, string>} */
const REFUSED = {
  not_your_turn: '现在还轮不到你',
  room_ended: '已经结束了',
  room_frozen: '暂停中，等工作人员看过再继续',
  room_full: '画的人太多了，等一会儿再来',
  room_owner_only: '发起的人锁定了画纸',
  room_banned: '发起的人请你离开了这里',
  drawing_full: '这幅画存满了',
}

/** @param {any} error @returns {string} */
function refusedWords(error) {
  if (error && error.kind === 'offline') return '没有网络，没能送出'
  return (error && REFUSED[error.code]) || '没能送出，请再试一次'
}

/**
 * The texts of a relay's page in a phase.
 * @param {'free' | 'theirs' | 'waiting' | 'locked' | 'mine' | 'done'} phase
 * @param {{ count: number, goal: number, people: number, tried: boolean, seconds: number, holder: string }} about
 * @returns {[title: string, text: string]}
 */
function phaseWords(phase, { count, goal, people, tried, seconds, holder }) {
  switch (phase) {
    case 'free':
      return [`轮到第 ${count + 1} 笔`, `一共 ${goal} 笔，谁先点谁来画`]
    case 'theirs':
      return [`${holder}正在画`, `第 ${count + 1} 笔，还有 ${seconds} 秒`]
    case 'waiting':
      return ['上一笔是你画的', '等一位朋友接上，再轮到你']
    case 'locked':
      return ['暂时不能接', '发起的人锁定了画纸']
    case 'mine':
      return tried ? ['就这一笔吗？', `确认后不能再改，还有 ${seconds} 秒`] : ['该你了，只画一笔', `不满意可以重画，还有 ${seconds} 秒`]
    default:
      return ['接龙完成', `${count} 笔，${people} 位画友`]
  }
}

/** @param {string} until ISO 8601 @param {number} now ms @returns {number} whole seconds, never negative */
function secondsLeft(until, now) {
  return Math.max(0, Math.ceil((Date.parse(until) - now) / 1000))
}

/** The words of a relay in the list. @param {{ state: string, kind: string, strokes?: number, goal?: number, hold: { user: string, nickname?: string } | null }} row */
function rowWords({ state, kind, strokes = 0, goal = 0, hold }) {
  if (state === 'frozen') return '暂停中'
  if (kind === 'together') return state === 'open' ? '正在一起画' : '已结束'
  if (state === 'done') return `接完了，共 ${strokes} 笔`
  if (state === 'closed') return '已结束'
  return hold ? `${hold.nickname || '一位画友'}正在画第 ${strokes + 1} 笔` : `等第 ${strokes + 1} 笔，共 ${goal} 笔`
}

module.exports = { absentWords, known, phaseWords, refusedWords, rowWords, secondsLeft }
