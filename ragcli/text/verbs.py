"""Common English verbs: every form → its base form. For `ragcli.text.clauses`, which must tell verbs from nouns."""

from __future__ import annotations

_REGULAR = """accept accompany access achieve add adjust administer affect agree allow announce answer apply appoint
    approve archive ask assess assign attach attend audit award ban bill block book call cancel carry cause
    certify change charge check claim clean close collect comment compensate complete concern confirm connect
    consider contact contain continue control copy correct count cover create deactivate decide declare decline
    deduct define delete deliver depend deploy describe design detect determine develop discuss display divide
    document drain elect employ enable encrypt end enforce ensure enter escalate evaluate examine exceed exclude
    exist expect expire explain export extend fail file fill finance finish flush follow forward fund gather
    generate grant hand handle happen hire host identify implement import improve include increase inform
    inherit inspect install introduce investigate invite invoice issue join label last launch lease license
    limit list listen load lock log maintain manage mark measure merge migrate modify monitor move name need
    note notify obtain occur offer open operate order organise organize owe own park pass perform place plan
    post prepare prevent print process produce promote propose protect provide publish pump purchase qualify
    raise reach receive recommend record recover reduce refer refund refuse register regulate reimburse reject
    release remain remind remove rename renew repair repeat replace reply report request require reserve resolve
    respond restart restore restrict retain retire return review revoke rotate save scan schedule secure select
    separate serve settle share ship sign simmer start state stay stop store submit suggest supersede supervise
    supply support suspend switch terminate test touch track train transfer treat trigger turn unlock update
    upgrade upload use validate verify visit vote wait want warn wash watch weigh welcome work"""
_IRREGULAR = """be is are was were been being | become becomes became becoming | begin begins began begun beginning | break
    breaks broke broken breaking | bring brings brought bringing | build builds built building | buy buys bought
    buying | choose chooses chose chosen choosing | come comes came coming | cost costs costing | cut cuts
    cutting | do does did done doing | draw draws drew drawn drawing | drive drives drove driven driving | eat
    eats ate eaten eating | fall falls fell fallen falling | feed feeds fed feeding | find finds found finding |
    fit fits fitted fitting | fly flies flew flown flying | get gets got getting | give gives gave given giving
    | go goes went gone going | grow grows grew grown growing | have has had having | hear hears heard hearing |
    hold holds held holding | keep keeps kept keeping | know knows knew known knowing | lead leads led leading |
    leave leaves left leaving | lend lends lent lending | lose loses lost losing | make makes made making | mean
    means meant meaning | meet meets met meeting | pay pays paid paying | put puts putting | read reads reading
    | reset resets resetting | ride rides rode ridden riding | rise rises rose risen rising | run runs ran
    running | say says said saying | see sees saw seen seeing | sell sells sold selling | send sends sent
    sending | set sets setting | show shows showed shown showing | shut shuts shutting | sit sits sat sitting |
    speak speaks spoke spoken speaking | spend spends spent spending | stand stands stood standing | steal
    steals stole stolen stealing | take takes took taken taking | teach teaches taught teaching | tell tells
    told telling | think thinks thought thinking | throw throws threw thrown throwing | understand understands
    understood understanding | win wins won winning | write writes wrote written writing | log logs logged
    logging | plan plans planned planning | stop stops stopped stopping | ship ships shipped shipping | refer
    refers referred referring | occur occurs occurred occurring | transfer transfers transferred transferring |
    submit submits submitted submitting | ban bans banned banning | scan scans scanned scanning | control
    controls controlled controlling | cancel cancels cancelled canceled cancelling | label labels labelled
    labeled labelling"""


def _forms(base: str) -> list[str]:
    """The forms of a regular verb."""
    if base.endswith("e"):
        return [base, base + "s", base + "d", base[:-1] + "ing"]
    if base.endswith("y") and base[-2] not in "aeou":
        return [base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"]
    third = base + ("es" if base.endswith(("s", "x", "ch", "sh")) else "s")
    return [base, third, base + "ed", base + "ing"]


VERBS: dict[str, str] = {form: base for base in _REGULAR.split() for form in _forms(base)} | {
    form: line.split()[0] for line in _IRREGULAR.split("|") for form in line.split()
}
BASES = frozenset(VERBS.values())
