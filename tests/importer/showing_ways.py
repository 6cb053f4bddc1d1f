"""The ways of showing errors that test_showing_matrix.py tries."""

from __future__ import annotations

import sys

# What has to be there on standard output or error, one of these, and what shows it.
WAYS = {
    "traceback": (
        "KeyError: 'users'",
        r"""
import traceback
try:
    m.f()
except KeyError:
    traceback.print_exc()
""",
    ),
    "chain": (
        "KeyError: 'users'",
        r"""
import traceback
try:
    m.g()
except ValueError as e:
    print(''.join(traceback.TracebackException.from_exception(e, capture_locals=True).format()))
""",
    ),
    "excepthook": (
        "KeyError: 'users'",
        r"""
try:
    m.f()
except KeyError:
    sys.excepthook(*sys.exc_info())
""",
    ),
    "stack": (
        "in f",
        r"""
import traceback
try:
    m.f()
except KeyError as e:
    print(traceback.extract_tb(e.__traceback__).format())
""",
    ),
    "attribute that is meant": (
        "has no attribute 'capword'",
        r"""
import traceback
try:
    m.misspelled()
except AttributeError:
    traceback.print_exc()
""",
    ),
    "name that is meant": (
        "cannot import name 'capword'",
        r"""
import traceback
try:
    m.misspelled_import()
except ImportError:
    traceback.print_exc()
""",
    ),
    "module that is missing": (
        "pkg.missing|app.zip' is missing",
        r"""
import traceback
try:
    m.missing()
except Exception:
    traceback.print_exc()
""",
    ),
    "syntax error": (
        "SyntaxError: ",
        r"""
import traceback
try:
    compile('f(', PATH + '/m.py', 'exec')
except SyntaxError:
    traceback.print_exc()
""",
    ),
    "logging": (
        "KeyError: 'users'",
        r"""
import logging
try:
    m.f()
except KeyError:
    logging.exception('lost', stack_info=True)
""",
    ),
    "warning": (
        "UserWarning: users",
        r"""
import warnings
warnings.simplefilter('always')
m.w()
""",
    ),
    "warning with globals": (
        "UserWarning: users",
        r"""
import warnings
warnings.simplefilter('always')
warnings.warn_explicit('users', UserWarning, m.__file__, 3, module_globals=vars(m))
""",
    ),
    "warning with globals by position": (
        "UserWarning: users",
        r"""
import warnings
warnings.simplefilter('always')
warnings.warn_explicit('users', UserWarning, m.__file__, 3, 'm', {}, vars(m))
""",
    ),
    "warning with its source": (
        "ResourceWarning: users",
        r"""
import tracemalloc, warnings
tracemalloc.start(5)
warnings.simplefilter('always')
warnings.warn('users', ResourceWarning, source=[])
""",
    ),
    "tracemalloc": (
        "m.py",
        r"""
import tracemalloc
tracemalloc.start(5)
made = m.make()
print(tracemalloc.get_object_traceback(made).format())
""",
    ),
    "inspect": (
        "f None users|f ['",
        r"""
import inspect
try:
    m.f()
except KeyError:
    for one in inspect.trace(3):
        print(one.function, one.code_context, 'users')
print(inspect.getdoc(m), inspect.getcomments(m.f), inspect.getfile(m.f))
""",
    ),
    "inspect's source": (
        "could not get source code|raise KeyError",
        r"""
import inspect
try:
    print(inspect.getsource(m.f))
except OSError as e:
    print(e)
""",
    ),
    "pdb": (
        "users",
        r"""
import io, pdb
try:
    m.f()
except KeyError as e:
    words = io.StringIO('where\nlist\nll\nsource f\nup\nargs\nquit\n')
    debugger = pdb.Pdb(stdin=words, stdout=sys.stdout)
    debugger.reset()
    debugger.interaction(None, e.__traceback__)
print('users')
""",
    ),
    "bdb": (
        "f()",
        r"""
import bdb
try:
    m.f()
except KeyError as e:
    print(bdb.Bdb().format_stack_entry((e.__traceback__.tb_next.tb_frame, 1)))
""",
    ),
    "code": (
        "KeyError: 'users'",
        r"""
import code
code.InteractiveConsole({'m': m}).push('m.f()')
""",
    ),
    "doctest": (
        "KeyError: 'users'",
        r"""
import doctest
doctest.testmod(m)
""",
    ),
    "unittest": (
        "KeyError: 'users'",
        r"""
import unittest
class T(unittest.TestCase):
    def test(self): m.f()
unittest.TextTestRunner().run(T('test'))
""",
    ),
    "unittest that cannot load": (
        "absent",
        r"""
import unittest
unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromName('m.absent'))
""",
    ),
    "timeit": (
        "KeyError: 'users'",
        r"""
import timeit
t = timeit.Timer('m.f()', globals={'m': m})
try:
    t.timeit(1)
except KeyError:
    t.print_exc()
""",
    ),
    "trace": (
        "KeyError users",
        r"""
import trace
try:
    trace.Trace(count=1, trace=1).runfunc(m.f)
except KeyError:
    print('KeyError users')
""",
    ),
    "cProfile": (
        "(f)",
        r"""
import cProfile, pstats
p = cProfile.Profile()
try:
    p.runcall(m.f)
except KeyError:
    pstats.Stats(p).print_stats()
""",
    ),
    "pydoc": (
        "module m",
        r"""
import pydoc
print(pydoc.plain(pydoc.render_doc(m)))
""",
    ),
    "dis": (
        "users",
        r"""
import dis
dis.dis(m.f)
""",
    ),
    "unraisable": (
        "KeyError: 'users'",
        r"""
m.Late()
""",
    ),
    "thread": (
        "KeyError: 'users'",
        r"""
import threading
t = threading.Thread(target=m.f)
t.start()
t.join()
""",
    ),
    "executor": (
        "KeyError: 'users'",
        r"""
import concurrent.futures, traceback
with concurrent.futures.ThreadPoolExecutor() as e:
    try:
        e.submit(m.f).result()
    except KeyError:
        traceback.print_exc()
""",
    ),
    "process": (
        "KeyError: 'users'",
        r"""
import multiprocessing
p = multiprocessing.get_context('fork').Process(target=m.f)
p.start()
p.join()
""",
    ),
    "asyncio": (
        "KeyError: 'users'",
        r"""
import asyncio
async def main():
    t = asyncio.ensure_future(m.work())
    await asyncio.wait([t])
    t.print_stack()
    del t
asyncio.run(main(), debug=True)
""",
    ),
    "socketserver": (
        "KeyError: 'users'",
        r"""
import socketserver
try:
    m.f()
except KeyError:
    socketserver.BaseServer(None, None).handle_error(None, 'client')
""",
    ),
    "faulthandler": (
        "users",
        r"""
import faulthandler
try:
    m.f()
except KeyError:
    faulthandler.dump_traceback()
print('users')
""",
    ),
}
if sys.version_info < (3, 13):
    WAYS["cgitb"] = (
        "KeyError: 'users'",
        r"""
import warnings
warnings.simplefilter('ignore')
import cgitb
try:
    m.f()
except KeyError:
    print(cgitb.text(sys.exc_info()), cgitb.html(sys.exc_info()))
""",
    )
if sys.version_info >= (3, 11):
    WAYS["group"] = (
        "ValueError: outer",
        r"""
import traceback
errors = []
for one in (m.f, m.g):
    try:
        one()
    except Exception as e:
        errors.append(e)
try:
    raise ExceptionGroup('both', errors)
except ExceptionGroup:
    traceback.print_exc()
""",
    )
