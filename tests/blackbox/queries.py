#!/usr/bin/env python3
"""Random queries over random small databases, through `bandstand repl --memory --batch`, against
an evaluator that tries everything: patterns, predicates, functions, not, not-join, or and or-join
in each other, rules that call themselves and each other, inputs, aggregates with :with. Prints TAP,
and of a difference the database and the query; a round's number is its seed.

usage: queries.py BANDSTAND [FIRST-ROUND [ROUNDS]]
"""

import random
import re
import subprocess
import sys

ROUNDS = 6
QUERIES = 300
SCHEMA = """(transact [
 {:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
 {:db/ident :s :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}
 {:db/ident :l :db/valueType :db.type/long :db/cardinality :db.cardinality/one}
 {:db/ident :k :db/valueType :db.type/long :db/cardinality :db.cardinality/many :db/index true}])
"""
ATTRIBUTES = [":r", ":s", ":l", ":k"]
VARS = ["?a", "?b", "?c", "?d", "?e"]
RULES = ["p", "q", "s"]  # s may say not p; nothing may say not s or not q


class NotReady(Exception):
    """A clause needs a variable that is not bound yet."""


def is_var(term):
    return isinstance(term, str) and term.startswith("?")


def variables(terms):
    return {term for term in terms if is_var(term)}


def unify(row, pairs):
    """The row with these values at these terms; None when they contradict each other."""
    row = dict(row)
    for term, value in pairs:
        if term == "_":
            continue
        if row.setdefault(term, value) != value if is_var(term) else term != value:
            return None
    return row


def all_of(vars_of, clauses):
    return set().union(*(vars_of(clause) for clause in clauses))


# ---- clauses: text, variables, those that it binds, and the rows that a row becomes

class Pattern:
    order = 0

    def __init__(self, entity, attribute, value):
        self.terms, self.attribute = (entity, value), attribute

    def __str__(self):
        return f"[{self.terms[0]} {self.attribute} {self.terms[1]}]"

    def vars(self):
        return variables(self.terms)

    binds = vars

    def rows(self, row, world, _bindable):
        return [unify(row, zip(self.terms, datom)) for datom in world.datoms[self.attribute]]


class Call:
    """Of a rule."""
    order = 1

    def __init__(self, name, *terms):
        self.name, self.terms = name, terms

    def __str__(self):
        return f"({self.name} {self.terms[0]} {self.terms[1]})"

    def vars(self):
        return variables(self.terms)

    binds = vars

    def rows(self, row, world, _bindable):
        return [unify(row, zip(self.terms, fact)) for fact in world.facts[self.name]]


class Function:
    order = 2
    COMPARE = {"<": lambda a, b: a < b, "!=": lambda a, b: a != b, "=": lambda a, b: a == b}

    def __init__(self, name, args, binding):
        self.name, self.args, self.binding = name, args, binding

    def __str__(self):
        call = f"({self.name} {' '.join(map(str, self.args))})"
        forms = {"vector": "[{}]", "ground": "[{} ...]"}
        binding = forms.get(self.name, "{}").format(" ".join(self.binding))
        return f"[{call} {binding}]" if self.binding else f"[{call}]"

    def vars(self):
        return variables(self.args) | self.binds()

    def binds(self):
        return set(self.binding)

    def rows(self, row, _world, _bindable):
        if not variables(self.args) <= set(row):
            raise NotReady
        args = [row[arg] if is_var(arg) else arg for arg in self.args]
        if self.name in self.COMPARE:
            return [row] if self.COMPARE[self.name](*args) else []
        given = {"+": lambda: [(sum(args),)], "identity": lambda: [args],
                 "vector": lambda: [args], "ground": lambda: [(1,), (2,)]}[self.name]()
        return [unify(row, zip(self.binding, values)) for values in given]


class Not:
    order = 4

    def __init__(self, clauses, join=None):
        self.clauses, self.join = clauses, join

    def __str__(self):
        head = "not" if self.join is None else f"not-join [{' '.join(self.join)}]"
        return f"({head} {' '.join(map(str, self.clauses))})"

    def vars(self):
        return all_of(lambda c: c.vars(), self.clauses) if self.join is None else set(self.join)

    def binds(self):
        return set()

    def rows(self, row, world, bindable):
        join = self.vars() & bindable if self.join is None else self.vars()
        if not join <= set(row):
            raise NotReady
        return [] if conjunction(self.clauses, [{v: row[v] for v in join}], world, join) else [row]


class Or:
    order = 3

    def __init__(self, branches, join=None):
        self.branches, self.join = branches, join

    def __str__(self):
        head = "or" if self.join is None else f"or-join [{' '.join(self.join)}]"
        shown = [str(b[0]) if len(b) == 1 else f"(and {' '.join(map(str, b))})"
                 for b in self.branches]
        return f"({head} {' '.join(shown)})"

    def vars(self):
        if self.join is not None:
            return set(self.join)
        return set().union(*(all_of(lambda c: c.vars(), branch) for branch in self.branches))

    def binds(self):
        """Not what stands in a not alone: that is the not's own, unless it is bound outside."""
        if self.join is not None:
            return set(self.join)
        return set().union(*(all_of(lambda c: c.binds(), branch) for branch in self.branches))

    def rows(self, row, world, bindable):
        join = self.vars() if self.join is not None else self.vars() & bindable
        seed = {v: row[v] for v in join if v in row}
        found = [r for b in self.branches for r in conjunction(b, [seed], world, join)]
        if any(not join <= set(r) for r in found):
            raise NotReady
        return [{**row, **{v: r[v] for v in join}} for r in found]


def conjunction(clauses, rows, world, outer):
    """The rows that are left; what needs most goes last."""
    bindable = set(outer) | all_of(lambda c: c.binds(), clauses)
    left = sorted(clauses, key=lambda c: c.order)
    while left and rows:
        for clause in left:
            try:
                found = [r for row in rows for r in clause.rows(row, world, bindable)]
            except NotReady:
                continue
            rows = list({tuple(sorted(r.items())): r for r in found if r is not None}.values())
            left.remove(clause)
            break
        else:
            raise NotReady
    return rows


# ---- random ones

class World:
    def __init__(self, program, seed):
        self.random, self.program = random.Random(seed), program
        names = [f"e{i}" for i in range(6)]
        adds = []
        adds += [f'[:db/add "{a}" :r "{b}"]' for a, b in zip(names, names[1:])]  # a way for rules
        for name in names:
            adds += [f'[:db/add "{name}" :k {self.below(4)}]' for _ in range(1 + self.below(2))]
            adds += [f'[:db/add "{name}" :r "{self.one(names)}"]'] * (self.below(3) == 0)
            adds += [f'[:db/add "{name}" :s "{self.one(names)}"]'] * (self.below(5) > 1)
            adds += [f'[:db/add "{name}" :l {self.below(4)}]'] * (self.below(5) > 1)
        self.set_up = SCHEMA + f"(transact [{' '.join(adds)}])\n"
        asked = [f"(q [:find ?e ?v :where [?e {a} ?v]] db)" for a in ATTRIBUTES]
        self.datoms = dict(zip(ATTRIBUTES, map(tuples, self.run(asked))))
        self.ids = sorted({e for datoms in self.datoms.values() for e, _ in datoms})
        self.facts = {}

    def run(self, forms):
        """What each form prints, on one line each, after the set-up."""
        text = self.set_up + "\n".join(forms)
        done = subprocess.run([self.program, "repl", "--memory", "--batch"], input=text,
                              capture_output=True, text=True, timeout=120, check=False)
        lines = done.stdout.splitlines()[2:]
        if len(lines) != len(forms):
            raise SystemExit(f"{len(lines)} answers to {len(forms)} forms: {done.stderr}")
        return lines

    def below(self, bound):
        return self.random.randrange(bound)

    def one(self, items):
        return self.random.choice(items)

    def var(self):
        return self.one(VARS)

    def place(self, is_ref):
        dice = self.below(8)
        constant = self.one(self.ids) if is_ref else self.below(4)
        return "_" if dice == 0 else constant if dice == 1 else self.var()

    def pattern(self, *terms):
        attribute = self.one(ATTRIBUTES)
        if not terms:
            terms = (self.place(True), self.place(attribute in (":r", ":s")))
        return Pattern(terms[0], attribute, terms[1])

    def call(self, names):
        terms = [self.one([self.var(), self.var(), self.var(), "_", self.one(self.ids)])
                 for _ in range(2)]
        return Call(self.one(names), *terms)

    def function(self):
        compare = Function(self.one(["<", "!=", "="]), [self.var(), self.one([self.var(), 2])], [])
        return self.one([compare, compare, Function("+", [self.var(), 1], [self.var()]),
                         Function("identity", [self.var()], [self.var()]),
                         Function("ground", ["[1 2]"], [self.var()]),
                         Function("vector", [self.var(), self.var()], [self.var(), self.var()])])

    def alternatives(self, names):
        """Branches with the same variables."""
        a, b = self.var(), self.var()
        second = [self.pattern(b, a)]
        if self.below(3) == 0:
            second.append(self.pattern(a, self.one([a, b, "_"])))
        if self.below(3) == 0:
            second.append(Not([self.pattern(a, b)]))
        if self.below(4) == 0:
            own = self.var()
            hidden = [Not([self.pattern(a, own)]), Not([self.pattern(b, own)])]
            return Or([[self.pattern(a, b), hidden[0]], [self.pattern(b, a), hidden[1]]])
        third = [[Call(self.one(names), a, b)]] if names and self.below(3) == 0 else []
        return Or([[self.pattern(a, b)], second] + third)

    def joined(self, names, depth):
        join = self.random.sample(VARS, 1 + self.below(2))
        branches = [self.body(1 + self.below(2), names, depth) for _ in range(2)]
        for branch in branches:
            branch += [self.pattern(v, self.one(["_", self.var()])) for v in join if self.below(5)]
        return Or(branches, join)

    def clause(self, names, depth):
        dice = self.below(100)
        if dice < 10 and names:
            return self.call(names)
        if dice < 26:
            return self.function()
        if dice < 55 or depth == 0:
            return self.pattern()
        if dice < 66:
            return Not(self.body(1 + self.below(2), names, depth - 1))
        if dice < 75:
            join = self.random.sample(VARS, 1 + self.below(2))
            return Not(self.body(1 + self.below(2), names, depth - 1), join)
        return self.alternatives(names) if dice < 88 else self.joined(names, depth - 1)

    def body(self, count, names, depth):
        return [self.pattern()] + [self.clause(names, depth) for _ in range(count - 1)]

    def rule_body(self, name):
        """Binds ?a and ?b, and makes no new values for ever."""
        callable_ = ["p", "q"] + [name] * (name == "s")
        for _ in range(50):
            body = self.body(1 + self.below(3), callable_, 0)
            if self.below(3) == 0:
                body[0] = Call(self.one(callable_), "?a", "?c")
                body.append(Call(self.one(callable_), "?c", "?b"))
            if self.below(3) == 0:
                body.append(Not([self.pattern("?a", self.one(["?b", "_"]))]))
            if name == "s" and self.below(3) == 0:
                body.append(Not([Call("p", "?a", "?b")]))
            grows = any(isinstance(c, Function) and c.name == "+" for c in body)
            if not grows and {"?a", "?b"} <= all_of(lambda c: c.binds(), body):
                return body
        return [Pattern("?a", ":r", "?b")]

    def make_rules(self):
        """Their text; what they find is in self.facts: those of p and q first, s says not p."""
        rules = [(name, self.rule_body(name)) for name in RULES for _ in range(1 + self.below(3))]
        self.facts = {name: set() for name in RULES}
        for stratum in (["p", "q"], ["s"]):
            bodies = [rule for rule in rules if rule[0] in stratum]
            before = -1
            while before != sum(map(len, self.facts.values())):
                before = sum(map(len, self.facts.values()))
                for name, body in bodies:
                    found = conjunction(body, [{}], self, {"?a", "?b"})
                    self.facts[name] |= {(row["?a"], row["?b"]) for row in found}
        shown = (f"[({n} ?a ?b) {' '.join(map(str, body))}]" for n, body in rules)
        return f"[{' '.join(shown)}]"


def tuples(text):
    return {tuple(map(int, found.split())) for found in re.findall(r"\[([\d -]+)\]", text)}


def aggregated(rows, group, value, with_):
    groups = {}
    for row in {(row[group], row[value]) + tuple(row[v] for v in with_) for row in rows}:
        groups.setdefault(row[0], []).append(row[1])
    return {(key, len(values), sum(values)) for key, values in groups.items()}


def make_query(world, rules):
    """The form, and what it should find; None: nobody knows how to bind its variables."""
    clauses = world.body(2 + world.below(3), RULES, 2)
    given = {}
    if world.below(5) < 2:
        given[world.var()] = world.random.sample(world.ids + [0, 1, 2], 3)
    bound = sorted(set(given) | all_of(lambda c: c.binds(), clauses) or {"?a"})
    seeds = [{var: value} for var, values in given.items() for value in values] or [{}]
    try:
        rows = conjunction(clauses, seeds, world, set(given))
    except NotReady:
        rows = None
    if len(bound) > 1 and world.below(4) == 0:
        with_ = bound[1:-1] if world.below(2) else []
        find = f"{bound[0]} (count {bound[-1]}) (sum {bound[-1]})"
        find += f" :with {' '.join(with_)}" if with_ else ""
        expected = None if rows is None else aggregated(rows, bound[0], bound[-1], with_)
    else:
        kept = world.random.sample(bound, 1 + world.below(len(bound)))
        find = " ".join(kept)
        expected = None if rows is None else {tuple(r.get(v) for v in kept) for r in rows}
    world.random.shuffle(clauses)
    inputs = "".join(f" [{var} ...]" for var in given)
    values = "".join(f" [{' '.join(map(str, v))}]" for v in given.values())
    where = " ".join(map(str, clauses))
    return f"(q [:find {find} :in $ %{inputs} :where {where}] db {rules}{values})", expected


def ask_rules(world, rules):
    """Each rule for all that it has, and for what it has of some values."""
    cases = []
    for name, facts in world.facts.items():
        given = world.random.sample(world.ids, 2)
        var = world.one(["?a", "?b"])
        asked = {fact for fact in facts if fact["?a?b".index(var) // 2] in given}
        for inputs, values, expected in (("", "", facts),
                                         (f" [{var} ...]", f" [{given[0]} {given[1]}]", asked)):
            query = f"[:find ?a ?b :in $ %{inputs} :where ({name} ?a ?b)]"
            cases.append((f"(q {query} db {rules}{values})", expected))
    return cases


def check_round(program, seed):
    """What is wrong, and how many queries have found something."""
    world = World(program, seed)
    cases = []
    while len(cases) < QUERIES:
        try:
            rules = world.make_rules()
        except NotReady:
            continue
        cases += ask_rules(world, rules)
        cases += [make_query(world, rules) for _ in range(5)]
    wrong, found = [], 0
    for (form, expected), answer in zip(cases, world.run([form for form, _ in cases])):
        if ":db.error/insufficient-binding" in answer or expected is None:
            continue
        found += bool(expected)
        if answer.startswith("#error") or tuples(answer) != expected:
            wrong.append(f"{world.set_up}{form}\n is {answer}\n not {sorted(expected)}")
    return wrong, found


def main():
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    print(f"1..{rounds}")
    failed = False
    for number, seed in enumerate(range(first, first + rounds), 1):
        wrong, found = check_round(sys.argv[1], seed)
        if found < QUERIES // 10:
            wrong.append(f"only {found} queries find something")
        print(f"{'not ok' if wrong else 'ok'} {number} - round {seed}", flush=True)
        for text in wrong:
            print("# " + text.replace("\n", "\n# "))
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(main())
